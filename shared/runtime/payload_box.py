"""What call-backs say, at rest: compressed, and encrypted (AES-256-GCM, bound to its row) where ENCRYPTION_KEYS is set."""

import secrets
import zlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


class PayloadBox:
    """Seals and opens payloads. keys: 32 bytes each by their ids; the first one encrypts, all decrypt; none encrypts nothing."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._first = next(iter(self._keys), None)

    def seal(self, event_id: UUID, payload: bytes) -> tuple[str | None, bytes]:
        """The key's id, None where there is no key, and the payload under it."""
        packed = zlib.compress(payload, 1)
        if self._first is None:
            return None, packed
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return self._first, nonce + self._keys[self._first].encrypt(nonce, packed, event_id.bytes)

    def open(self, event_id: UUID, key_id: str | None, sealed: bytes) -> bytes | None:
        """The payload; None where its key is not set any more, or it is another row's."""
        if key_id is None:
            return zlib.decompress(sealed)
        key = self._keys.get(key_id)
        if key is None:
            return None
        try:
            return zlib.decompress(key.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], event_id.bytes))
        except InvalidTag:
            return None
