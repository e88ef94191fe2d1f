"""The keys that sign operators' tokens: made when the first is needed, rotated, and lost.

The private half is encrypted under ENCRYPTION_KEYS. A new key is listed five minutes before it signs, because services read key
sets again after that time; the former one is listed until its last token has expired.
"""

import json
import secrets
from typing import Final

from services.analytics.signing_keys.errors import LoginsNotSetUp, SigningKeyNotFound
from services.analytics.signing_keys.models import SigningKey
from services.analytics.signing_keys.repository import SigningKeyRepository
from shared.runtime.auth.jwks import FRESH_S
from shared.runtime.auth.keys import Jwk, generate_keypair
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.vault import Vault

KID_PREFIX: Final = "access:"


class SigningKeys:
    """Works in one unit of work. vault: None without ENCRYPTION_KEYS. tokens_s: how long a token is good, with leeway."""

    def __init__(self, keys: SigningKeyRepository, vault: Vault | None, audit: AuditLog, *, tokens_s: float) -> None:
        self._keys = keys
        self._vault = vault
        self._audit = audit
        self._tokens_s = tokens_s

    async def private(self) -> Jwk:
        """The private half of the key that signs. Raises LoginsNotSetUp."""
        vault = self._opened()
        key = await self._keys.signing()
        if key is None:
            await self._keys.alone()
            key = await self._keys.signing() or await self._make(signs_in_s=0)
        jwk: Jwk = json.loads(vault.open(key.id, key.sealed_under, key.sealed)["jwk"])
        return jwk

    async def rotate(self) -> SigningKey:
        """A new key, which signs in five minutes. Raises LoginsNotSetUp."""
        self._opened()
        await self._keys.alone()
        made = await self._make(signs_in_s=FRESH_S)
        await self._keys.retire(but=made.kid, listed_s=FRESH_S + self._tokens_s)
        return made

    async def lose(self, kid: str, reason: str) -> None:
        """Somebody else has it: it signs nothing more, and another one signs at once. Raises SigningKeyNotFound, LoginsNotSetUp.

        The caller revokes what it has signed.
        """
        self._opened()
        await self._keys.alone()
        if not await self._keys.lose(kid):
            raise SigningKeyNotFound(
                "there is no signing key with this id; GET /v1/access/signing-keys lists those that there are"
            )
        if await self._keys.signing() is None:
            await self._make(signs_in_s=0)
        await self._audit.write("access.signing_key_lost", f"key:{kid}", reason)

    def _opened(self) -> Vault:
        if self._vault is None:
            raise LoginsNotSetUp("set ENCRYPTION_KEYS of the analytics service: the keys that sign tokens are kept under it")
        return self._vault

    async def _make(self, *, signs_in_s: float) -> SigningKey:
        private, public = generate_keypair(f"{KID_PREFIX}{secrets.token_hex(8)}")
        key_id = uuid7()
        sealed_under, sealed = self._opened().seal(key_id, {"jwk": json.dumps(private)})
        values = {"id": key_id, "kid": public["kid"], "public_jwk": public, "sealed": sealed, "sealed_under": sealed_under}
        made = await self._keys.add({**values, "created_by": self._audit.actor}, signs_in_s=signs_in_s)
        await self._audit.write("access.signing_key_made", f"key:{made.kid}", "made")
        return made
