"""Addresses and numbers: the one form in which they are compared, hashed and shown where they must not be read."""

import contextlib
import hashlib
import hmac
from typing import Final

HASH_CHARS: Final = 32
_CHANNELS: Final = {"email": "email", "sms": "phone"}


class AddressHasher:
    """Turns addresses into what can be looked up and not read. key: never changed, or nothing is found any more."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, channel: str, address: str) -> str:
        """32 hexadecimal digits. channel: `email` or `sms`. The same for `Ann@Example.com` and `ann@example.com`."""
        text = f"{_CHANNELS[channel]}:{normal(channel, address)}"
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:HASH_CHARS]


def normal(channel: str, address: str) -> str:
    """The form in which addresses are compared: in lower case, the domain in ASCII; a number as E.164."""
    if channel != "email":
        return "+" + "".join(character for character in address if character.isdigit())
    local, _, domain = address.strip().rpartition("@")
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local.lower()}@{domain.lower()}"


def masked(channel: str, address: str) -> str:
    """`a***@example.com`, `+91******3210`: enough to recognise, not enough to use."""
    if channel != "email":
        plain = normal(channel, address)
        return f"{plain[:3]}{'*' * max(0, len(plain) - 7)}{plain[-4:]}" if len(plain) > 7 else "***"
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
