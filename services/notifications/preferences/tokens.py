"""Tokens in the links of messages: they say whose preferences a link is about, and that we have made it.

`<key id>.<what it is about>.<signature>`: URL-safe, and never expiring, because mails are kept for years. The signature is
HMAC-SHA256 over a label of this use and all that stands before it, cut to 128 bits (RFC 2104 §5). Signatures are compared as
texts, so that no second spelling of the same bytes is good as well.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.notifications.preferences.errors import TokenInvalid

_LABEL: Final = b"waybill.notifications.preference-link.v1\0"
_SIGNATURE_BYTES: Final = 16
MAX_TOKEN_CHARS: Final = 2000


@dataclass(frozen=True, slots=True)
class LinkSubject:
    """Whose preferences, and about what. person or address_hash: one of them; see addresses.py for the hash."""

    channel: str
    category: str
    organization_id: UUID | None = None
    person: str | None = None
    address_hash: str | None = None


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A token that is good. key_id: of the key that has signed it."""

    subject: LinkSubject
    key_id: str


class LinkTokens:
    """Makes and reads tokens. keys: secrets by their ids; the first one signs, and all are accepted."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._signing_id = next(iter(self._keys))

    def token_for(self, subject: LinkSubject) -> str:
        """The token of this person or address. Raises ValueError unless the subject names exactly one of the two."""
        if (subject.person is None) == (subject.address_hash is None):
            raise ValueError("a link is about a person or about an address")
        organization = subject.organization_id.hex if subject.organization_id is not None else ""
        facts = [subject.person or "", subject.address_hash or "", subject.channel, subject.category, organization]
        payload = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        signed = f"{self._signing_id}.{_text(payload)}"
        return f"{signed}.{self._signature(self._signing_id, signed)}"

    def read(self, token: str) -> ReadToken:
        """What a token says. Raises TokenInvalid for one that was not made with one of our keys, or was altered."""
        signed, _, signature = token.rpartition(".")
        key_id, _, payload = signed.partition(".")
        if len(token) > MAX_TOKEN_CHARS or key_id not in self._keys or not token.isascii():
            raise _invalid()
        if not hmac.compare_digest(signature, self._signature(key_id, signed)):
            raise _invalid()
        # Nobody but us can have written what follows.
        person, address_hash, channel, category, organization = json.loads(_bytes(payload).decode("utf-8", "surrogatepass"))
        organization_id = UUID(organization) if organization else None
        return ReadToken(LinkSubject(channel, category, organization_id, person or None, address_hash or None), key_id)

    def _signature(self, key_id: str, signed: str) -> str:
        mac = hmac.new(self._keys[key_id], _LABEL + signed.encode(), hashlib.sha256).digest()
        return _text(mac[:_SIGNATURE_BYTES])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _invalid() -> TokenInvalid:
    return TokenInvalid("the link was altered or cut short on its way; open it from the message again")
