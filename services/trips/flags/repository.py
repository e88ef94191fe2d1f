"""Statements on flags and limits. A run is one statement for each kind and organization, however many trips there are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from services.trips.flags.models import Flag, RaisedFlag, Rule, TripLimit, TripWatchSettings
from shared.runtime.db import ReadSession, Session

# The organizations that a run would open, escalate or clear something for: mostly few, and then nothing is locked for the others.
_UNSETTLED: Final = """
    WITH holding AS MATERIALIZED ({holding}), flagged AS MATERIALIZED (
        SELECT trip_id, organization_id, opened_at, escalated_at FROM trip_flags WHERE kind = :kind AND cleared_at IS NULL
    )
    SELECT organization_id FROM holding WHERE NOT EXISTS (SELECT FROM flagged WHERE flagged.trip_id = holding.trip_id)
     UNION
    SELECT organization_id FROM flagged JOIN trip_flag_kinds ON trip_flag_kinds.kind = :kind
     WHERE CASE WHEN EXISTS (SELECT FROM holding WHERE holding.trip_id = flagged.trip_id)
                THEN escalated_at IS NULL AND opened_at + make_interval(secs => escalate_after_s) <= :at
                ELSE opened_at <= :at END
"""

_WATCH: Final = """
    WITH holding AS MATERIALIZED (
        SELECT * FROM ({holding}) AS everybodys WHERE organization_id = :organization_id
    ), cleared AS (
        UPDATE trip_flags SET cleared_at = :at
         WHERE kind = :kind AND organization_id = :organization_id AND cleared_at IS NULL AND opened_at <= :at
           AND NOT EXISTS (SELECT FROM holding WHERE holding.trip_id = trip_flags.trip_id)
    ), opened AS (
        INSERT INTO trip_flags (id, trip_id, organization_id, kind, detail, opened_at)
        SELECT uuidv7(), trip_id, organization_id, :kind, detail, :at FROM holding
        ON CONFLICT (trip_id, kind) WHERE cleared_at IS NULL DO NOTHING
        RETURNING id, trip_id, organization_id, kind, detail
    ), escalated AS (
        UPDATE trip_flags SET escalated_at = :at
          FROM trip_flag_kinds, holding
         WHERE trip_flags.kind = :kind AND trip_flag_kinds.kind = :kind AND cleared_at IS NULL AND escalated_at IS NULL
           AND opened_at + make_interval(secs => escalate_after_s) <= :at AND holding.trip_id = trip_flags.trip_id
        RETURNING id, trip_flags.trip_id, trip_flags.organization_id, trip_flags.kind, trip_flags.detail
    )
    SELECT *, false AS escalated FROM opened UNION ALL SELECT *, true FROM escalated ORDER BY id
"""

# From one to the next by the index, and not by all trips that there have ever been.
_ORGANIZATIONS: Final = text("""
    WITH RECURSIVE known AS (
        SELECT (SELECT organization_id FROM trips ORDER BY organization_id LIMIT 1) AS organization_id
         UNION ALL
        SELECT (SELECT organization_id FROM trips WHERE organization_id > known.organization_id ORDER BY organization_id LIMIT 1)
          FROM known WHERE known.organization_id IS NOT NULL
    )
    SELECT organization_id FROM known WHERE organization_id IS NOT NULL
""")

_ALONE: Final = text("""
    SELECT pg_try_advisory_xact_lock(hashtext('trips.flags'), uuid_hash(CAST(:organization_id AS uuid))),
           set_config('lock_timeout', '1s', true)
""")


class FlagReader:
    """What is read of flags. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        kind: str | None,
        trip_id: UUID | None,
        cleared: bool,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Flag]:
        """The newest first, from after `after` on. cleared: whether those that are cleared are shown, too."""
        wanted = {Flag.organization_id: organization_id, Flag.kind: kind, Flag.trip_id: trip_id}
        query = select(Flag).where(*(column == value for column, value in wanted.items() if value is not None))
        if not cleared:
            query = query.where(Flag.cleared_at.is_(None))
        if after is not None:
            query = query.where(Flag.id < after)
        return (await self._session.scalars(query.order_by(Flag.id.desc()).limit(limit))).all()

    async def limits(self, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[TripLimit]:
        """How long trips may take, from after `after` on."""
        query = select(TripLimit).order_by(TripLimit.id).limit(limit)
        if organization_id is not None:
            query = query.where(TripLimit.organization_id == organization_id)
        if after is not None:
            query = query.where(TripLimit.id > after)
        return (await self._session.scalars(query)).all()

    async def watch_settings(self, organization_id: UUID) -> TripWatchSettings | None:
        """When an organization's vehicles under way need somebody, where it has settled that."""
        query = select(TripWatchSettings).where(TripWatchSettings.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()


class FlagRepository(FlagReader):
    """What is written of them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def unsettled(self, rule: Rule, at: datetime) -> Sequence[UUID]:
        """The organizations for which there is a flag of one kind to open, escalate or clear."""
        statement = text(_UNSETTLED.format(holding=rule.holding))
        return (await self._writing.scalars(statement, {"at": at, "kind": rule.kind})).all()

    async def organizations(self) -> Sequence[UUID]:
        """All that have ever had a trip."""
        return (await self._writing.scalars(_ORGANIZATIONS)).all()

    async def hold(self, organization_id: UUID) -> bool:
        """Watch over an organization alone until the unit of work ends; False where somebody else does."""
        return bool((await self._writing.execute(_ALONE, {"organization_id": organization_id})).scalar_one())

    async def watch(self, rule: Rule, organization_id: UUID, at: datetime) -> Sequence[RaisedFlag]:
        """Open, escalate and clear an organization's flags of one kind; those that were opened or escalated now."""
        statement = text(_WATCH.format(holding=rule.holding))
        rows = await self._writing.execute(statement, {"at": at, "kind": rule.kind, "organization_id": organization_id})
        return [RaisedFlag(**row._asdict()) for row in rows]

    async def put_limit(self, values: Mapping[str, Any]) -> TripLimit:
        """Create or replace the limit of a customer, a type, both, or all."""
        put = insert(TripLimit).values(**values)
        replaced = {name: values[name] for name in ("max_duration_s", "updated_at", "updated_by")}
        key = ["organization_id", "customer", "trip_type"]
        put = put.on_conflict_do_update(index_elements=key, set_=replaced)
        returned = put.returning(TripLimit).execution_options(populate_existing=True)
        return (await self._writing.scalars(returned)).one()

    async def remove_limit(self, limit_id: UUID, organization_id: UUID | None) -> bool:
        """Delete a limit; whether there was one."""
        gone = delete(TripLimit).where(TripLimit.id == limit_id)
        if organization_id is not None:
            gone = gone.where(TripLimit.organization_id == organization_id)
        return (await self._writing.scalars(gone.returning(TripLimit.id))).one_or_none() is not None

    async def put_watch_settings(self, values: Mapping[str, Any]) -> TripWatchSettings:
        """Create or replace those of an organization."""
        put = insert(TripWatchSettings).values(**values)
        put = put.on_conflict_do_update(index_elements=["organization_id"], set_=dict(values))
        returned = put.returning(TripWatchSettings).execution_options(populate_existing=True)
        return (await self._writing.scalars(returned)).one()
