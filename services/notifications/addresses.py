"""Addresses and numbers: the one form in which they are compared and hashed."""

import contextlib
import hmac
import re
import unicodedata
from typing import Final

import idna

HASH_CHARS: Final = 32
ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~-]+"
"""Of the part before the @, what stands between its dots and needs no quotes (RFC 5322 §3.2.3, RFC 6531 §3.3)."""

_NEEDS_NO_QUOTES: Final = re.compile(rf"{ATOM}(?:\.{ATOM})*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_BACKSLASH: Final = re.compile(r'(["\\])')
_CHANNELS: Final = {"email": "email", "sms": "phone"}


class AddressHasher:
    """Turns addresses into what can be looked up and not read. key: never changed, or nothing is found any more."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, channel: str, address: str) -> str:
        """32 hexadecimal digits. channel: `email` or `sms`. The same for `Ann@Example.com` and `ann@example.com`."""
        text = f"{_CHANNELS[channel]}:{normal(channel, address)}"
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:HASH_CHARS]


def plain_spelling(address: str) -> str:
    """The e-mail address without needless quotes and backslashes, and with its accents composed (Unicode NFC); capitals stay.

    `"quo.ted"@example.com` and `quo.ted@example.com` are one mailbox (RFC 5321 §4.1.2): servers take the quotes away, and who
    wants no mail must not get it for being written with them.
    """
    local, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    quoted = _QUOTED.fullmatch(local)
    if quoted is not None:
        content = _PAIR.sub(r"\1", quoted[1])
        escaped = _NEEDS_BACKSLASH.sub(r"\\\1", content)
        local = content if _NEEDS_NO_QUOTES.fullmatch(content) else f'"{escaped}"'
    return f"{local}{at}{domain}"


def normal(channel: str, address: str) -> str:
    """The form in which addresses are compared: in the plain spelling, in lower case, the domain in ASCII; a number as E.164."""
    if channel != "email":
        return "+" + "".join(character for character in address if character.isdigit())
    local, _, domain = plain_spelling(address.strip()).rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = ascii_domain(domain)
    return f"{local.lower()}@{domain.lower()}"


def ascii_domain(domain: str) -> str:
    """The domain as the name system has it, by IDNA 2008 (RFC 5891, UTS 46). Raises UnicodeError where it can be nobody's.

    Python's own codec is of 2003: it makes of `faß.de` another registrant's `fass.de`, and drops the joiners of Indic names.
    """
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
