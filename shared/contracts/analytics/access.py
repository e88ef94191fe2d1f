"""Access: who may come in, told to every service by whom it is decided.

Services keep what these say in tables of their own, and look there alone; analytics writes its own in the change itself.
"""

from typing import ClassVar, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, Event, UtcDatetime
from shared.contracts.retry import RetryPolicy

# Each service's most urgent lane: who was let go of is refused within seconds, whatever else waits.
_EVERYWHERE: Final = (
    lanes.ALERTS_EVALUATION,
    lanes.NOTIFICATIONS_URGENT,
    lanes.PAYMENTS_CRITICAL,
    lanes.TRIPS_REALTIME,
)

_AGAIN: Final = RetryPolicy(max_retries=5, base_s=5)


class OrganizationChanged(Event):
    """An organization is there, has another name, or was suspended or let in again.

    status: whoever is bound to a suspended one is refused everywhere.
    """

    contract: ClassVar = Contract("analytics.organization_changed", _EVERYWHERE)

    organization_id: UUID
    entity_version: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=200)
    status: Literal["active", "suspended"]
    changed_at: UtcDatetime


class Revocation(BaseModel):
    """Tokens that are refused from now on: one by its `jti`, all of a session by `sid`, of a subject by `sub`, of a key by `kid`.

    issued_until: tokens that were issued later are good. expires_at: by then all that it refuses has expired.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["token", "session", "subject", "key"]
    key: str = Field(min_length=1, max_length=300)
    issued_until: UtcDatetime
    expires_at: UtcDatetime


class TokensRevoked(Event):
    """Tokens were revoked. In whatever order and however often these come, the same tokens are refused."""

    contract: ClassVar = Contract("analytics.tokens_revoked", _EVERYWHERE)

    revocations: tuple[Revocation, ...] = Field(min_length=1, max_length=100)


class ApiKeyChanged(Event):
    """An API key was made or revoked. secret_hash: SHA-256 of its secret, of 256 random bits, in hex."""

    contract: ClassVar = Contract("analytics.api_key_changed", _EVERYWHERE)

    key_id: str = Field(pattern=r"^[a-z0-9]{12}$")
    entity_version: int = Field(ge=1)
    secret_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    scopes: tuple[str, ...] = Field(max_length=50)
    organization_id: UUID | None = None
    expires_at: UtcDatetime | None = None
    revoked_at: UtcDatetime | None = None


class NoteKeyUse(Command):
    """An API key has opened a service; told at most every five minutes for a key and process."""

    contract: ClassVar = Contract("analytics.note_key_use", (lanes.ANALYTICS_NORMAL,), _AGAIN)

    key_id: str = Field(pattern=r"^[a-z0-9]{12}$")
    service: str = Field(min_length=1, max_length=50)
    used_at: UtcDatetime


class CleanupExpiredTokens(Command):
    """End sessions that have reached their end, and forget tokens, failed logins and revocations that nobody asks for any more.

    slot: the scheduled moment.
    """

    contract: ClassVar = Contract("analytics.cleanup_expired_tokens", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None


class CleanupAbandonedSessions(Command):
    """End sessions that nobody has gone on with for so many days. slot: the moment that counts as now."""

    contract: ClassVar = Contract("analytics.cleanup_abandoned_sessions", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    unused_days: int = Field(default=7, ge=1, le=365)


class CleanupOldAuditLogs(Command):
    """Let go of lines of analytics' audit that are older than so many days, under a signed checkpoint. slot: as above."""

    contract: ClassVar = Contract("analytics.cleanup_old_audit_logs", (lanes.ANALYTICS_MAINTENANCE,), _AGAIN, max_batch=1)

    slot: UtcDatetime | None = None
    keep_days: int = Field(default=90, ge=30, le=3650)
