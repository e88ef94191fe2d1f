"""API keys: given out, used and revoked; every service is told."""

from uuid import UUID

from services.analytics.api_keys.errors import AlreadyExpired, ApiKeyNotFound, ScopeNotHeld
from services.analytics.api_keys.models import IssuedKey
from services.analytics.api_keys.repository import IssuedKeyRepository
from services.analytics.api_keys.schemas import ApiKeyIn
from services.analytics.organizations.repository import OrganizationReader
from services.analytics.organizations.service import organization_of
from services.analytics.revocations.service import Revoking
from shared.contracts.analytics import ApiKeyChanged
from shared.runtime.auth.api_keys import new_api_key
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import Publisher


class IssuedKeys:
    """Writes in one unit of work."""

    def __init__(
        self,
        keys: IssuedKeyRepository,
        organizations: OrganizationReader,
        revoking: Revoking,
        audit: AuditLog,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._keys = keys
        self._organizations = organizations
        self._revoking = revoking
        self._audit = audit
        self._publisher = publisher
        self._clock = clock

    async def create(self, asked: ApiKeyIn, organization_id: UUID | None, giver: Principal) -> tuple[IssuedKey, str]:
        """The key, and its text. Raises ScopeNotHeld, AlreadyExpired and OrganizationNotFound."""
        now = self._clock()
        if missing := [scope for scope in asked.scopes if not giver.may(scope)]:
            raise ScopeNotHeld(f"you do not hold {' and '.join(missing)} yourself; leave it out, or ask somebody who does")
        if asked.expires_at is not None and asked.expires_at <= now:
            raise AlreadyExpired("expires_at lies in the past; name a later time, or leave it out")
        if organization_id is not None:
            await organization_of(self._organizations, organization_id, None)
        text, key_id, secret_hash = new_api_key()
        values = {**asked.model_dump(), "organization_id": organization_id, "id": key_id, "secret_hash": secret_hash}
        made = {"version": 1, "created_at": now, "created_by": self._audit.actor}
        created = await self._keys.create(values | made)
        await self._tell(created, "created")
        return created, text

    async def revoke(self, key_id: str, bound_to: UUID | None) -> IssuedKey:
        """It opens nothing any more, for good. A revoked one stays as it is. Raises ApiKeyNotFound."""
        known = await self._keys.find(key_id, bound_to, lock=True)
        if known is None:
            raise ApiKeyNotFound("there is no API key with this id; GET /v1/access/api-keys lists those that there are")
        if known.revoked_at is not None:
            return known
        revoked = await self._keys.revoke(key_id, self._clock())
        await self._revoking.api_key(revoked.id, revoked.expires_at)
        await self._tell(revoked, "revoked")
        return revoked

    async def _tell(self, key: IssuedKey, what: str) -> None:
        await self._audit.write(f"access.api_key_{what}", f"api_key:{key.id}", what, scopes=key.scopes)
        self._publisher.publish(
            ApiKeyChanged(
                key_id=key.id,
                entity_version=key.version,
                secret_hash=key.secret_hash,
                scopes=tuple(key.scopes),
                organization_id=key.organization_id,
                expires_at=key.expires_at,
                revoked_at=key.revoked_at,
            )
        )
