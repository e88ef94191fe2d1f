"""Credentials at rest: AES-256-GCM under the first of ENCRYPTION_KEYS, bound to the account they belong to.

NoEncryption (422)    no key is set with which credentials could be kept, or theirs is gone
"""

import json
import secrets
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.runtime.errors import Invalid

_NONCE_BYTES: Final = 12


class NoEncryption(Invalid):
    code, title = "no_encryption_key", "Credentials cannot be kept"


class Vault:
    """Encrypts and decrypts. keys: 32 bytes each by their ids; the first one encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {name: AESGCM(key) for name, key in keys.items()}

    def seal(self, account_id: UUID, credentials: Mapping[str, str]) -> tuple[str, bytes]:
        """The key's id, and the credentials under it. Raises NoEncryption."""
        if not self._keys:
            raise NoEncryption("set ENCRYPTION_KEYS before an account's credentials are stored")
        key_id = next(iter(self._keys))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = json.dumps(dict(credentials)).encode()
        return key_id, nonce + self._keys[key_id].encrypt(nonce, text, account_id.bytes)

    def open(self, account_id: UUID, key_id: str, sealed: bytes) -> dict[str, str]:
        """The credentials. Raises NoEncryption where their key is not set any more, or they are another account's."""
        if key_id not in self._keys:
            raise NoEncryption(f"the credentials are under the key {key_id}, which ENCRYPTION_KEYS does not have")
        try:
            text = self._keys[key_id].decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], account_id.bytes)
        except InvalidTag:
            raise NoEncryption(f"the credentials do not open under the key {key_id}; store them anew") from None
        opened: dict[str, str] = json.loads(text)
        return opened
