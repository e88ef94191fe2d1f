"""Statements on what a service knows of access: organizations, revocations, API keys."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.contracts.analytics import ApiKeyChanged, OrganizationChanged, Revocation
from shared.runtime.auth.api_keys import ApiKey
from shared.runtime.auth.principal import TokenFacts
from shared.runtime.db import ReadSession, Session

_STANDING: Final = text("""
    SELECT EXISTS (SELECT FROM access_revocations
                    WHERE (kind, key) IN (('token', CAST(:token_id AS text)), ('session', CAST(:session_id AS text)),
                                          ('subject', CAST(:subject AS text)), ('key', CAST(:key_id AS text)))
                      AND issued_until >= :issued_at) AS revoked,
           known.status = 'suspended' AS suspended, known.version
      FROM (SELECT) AS always LEFT JOIN organizations AS known ON known.id = CAST(:organization_id AS uuid)
""")
_KEY: Final = text("SELECT secret_hash, scopes, organization_id, expires_at, revoked_at FROM api_keys WHERE id = :id")

_ORGANIZATIONS: Final = text("SELECT id FROM organizations WHERE id > :after ORDER BY id LIMIT :limit")
_SUSPENDED: Final = text("SELECT id, version FROM organizations WHERE status = 'suspended' AND id = ANY(:ids)")
_ORGANIZATION: Final = text("""
    INSERT INTO organizations AS known (id, name, status, version, changed_at)
    VALUES (:organization_id, :name, :status, :entity_version, :changed_at)
    ON CONFLICT (id) DO UPDATE
       SET name = excluded.name, status = excluded.status, version = excluded.version, changed_at = excluded.changed_at
     WHERE known.version < excluded.version
""")
_REVOCATION: Final = text("""
    INSERT INTO access_revocations AS known (kind, key, issued_until, expires_at)
    VALUES (:kind, :key, :issued_until, :expires_at)
    ON CONFLICT (kind, key) DO UPDATE
       SET issued_until = greatest(known.issued_until, excluded.issued_until),
           expires_at = greatest(known.expires_at, excluded.expires_at)
""")
_LIVE: Final = text("""
    SELECT kind, key, issued_until, expires_at FROM access_revocations
     WHERE expires_at > :now AND (kind, key) > (:kind, :key) ORDER BY kind, key LIMIT :limit
""")
_FORGET: Final = text("""
    DELETE FROM access_revocations WHERE (kind, key) IN (
        SELECT kind, key FROM access_revocations WHERE expires_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_API_KEY: Final = text("""
    INSERT INTO api_keys AS known (id, secret_hash, scopes, organization_id, expires_at, revoked_at, version)
    VALUES (:key_id, :secret_hash, :scopes, :organization_id, :expires_at, :revoked_at, :entity_version)
    ON CONFLICT (id) DO UPDATE
       SET secret_hash = excluded.secret_hash, scopes = excluded.scopes, organization_id = excluded.organization_id,
           expires_at = excluded.expires_at, revoked_at = excluded.revoked_at, version = excluded.version
     WHERE known.version < excluded.version
""")


class StandingReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_token(self, token: TokenFacts) -> tuple[bool, bool, int]:
        """(whether it was revoked, whether its organization is suspended, the version of that; 0 for one that is not known)."""
        bound = {name: getattr(token, name) for name in token.__slots__}
        row = (await self._session.execute(_STANDING, bound)).one()
        return row.revoked, bool(row.suspended), row.version or 0

    async def key(self, key_id: str) -> ApiKey | None:
        """An API key that was not revoked."""
        row = (await self._session.execute(_KEY, {"id": key_id})).one_or_none()
        if row is None or row.revoked_at is not None:
            return None
        return ApiKey(
            hash=row.secret_hash, scopes=tuple(row.scopes), organization_id=row.organization_id, expires_at=row.expires_at
        )

    async def live(self, now: datetime, *, after: tuple[str, str], limit: int) -> list[Revocation]:
        """Revocations that still refuse something, in the order of kind and key. after: the last one of the page before."""
        bound = {"now": now, "kind": after[0], "key": after[1], "limit": limit}
        return [Revocation(**row._asdict()) for row in await self._session.execute(_LIVE, bound)]

    async def organization_ids(self, *, after: UUID, limit: int) -> list[UUID]:
        """Organizations in the order of their ids."""
        return [row.id for row in await self._session.execute(_ORGANIZATIONS, {"after": after, "limit": limit})]

    async def suspended(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """The versions of those of these organizations that are suspended."""
        return {row.id: row.version for row in await self._session.execute(_SUSPENDED, {"ids": list(ids)})}


class StandingRepository:
    """Writes what events tell, in one unit of work. Rows are taken in the order of their keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def organizations(self, told: Iterable[OrganizationChanged]) -> None:
        """The newest of each."""
        rows = sorted((one.model_dump() for one in told), key=lambda row: (row["organization_id"], row["entity_version"]))
        await self._session.execute(_ORGANIZATION, rows)

    async def revocations(self, told: Iterable[Revocation]) -> None:
        """Refuse these tokens, too."""
        rows = sorted((one.model_dump() for one in told), key=lambda row: (row["kind"], row["key"]))
        await self._session.execute(_REVOCATION, rows)

    async def keys(self, told: Iterable[ApiKeyChanged]) -> None:
        """The newest of each."""
        rows = sorted((one.model_dump() for one in told), key=lambda row: (row["key_id"], row["entity_version"]))
        await self._session.execute(_API_KEY, [row | {"scopes": list(row["scopes"])} for row in rows])

    async def forget(self, before: datetime, most: int) -> int:
        """Delete revocations of which all that they refuse had expired by then."""
        result: Any = await self._session.execute(_FORGET, {"before": before, "most": most})
        return int(result.rowcount)
