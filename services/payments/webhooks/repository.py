"""Statements on gateways' events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.webhooks.models import EventState, StoredEvent
from shared.runtime.db import ReadSession, Session

_NAMES: Final = [field.name for field in fields(StoredEvent)]
_COLUMNS: Final = ", ".join(_NAMES)
_ADD: Final = text(f"""
    INSERT INTO gateway_events ({_COLUMNS}) VALUES ({", ".join(f":{name}" for name in _NAMES)})
    ON CONFLICT DO NOTHING RETURNING id
""")  # noqa: S608 - the columns are constants of this module
_FIND: Final = text(f"SELECT {_COLUMNS} FROM gateway_events WHERE id = :id")  # noqa: S608 - as above
_NEWEST: Final = text(f"""
    SELECT {_COLUMNS} FROM gateway_events
     WHERE coalesce(id < CAST(:after AS uuid), true) AND coalesce(state = CAST(:state AS text), true)
       AND coalesce(entity_id = CAST(:entity_id AS text), true)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above
_WAITING_SINCE: Final = text("SELECT min(received_at) FROM gateway_events WHERE state = 'waiting'")
_LOCK_WAITING: Final = text(f"""
    SELECT {_COLUMNS} FROM gateway_events WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'waiting' ORDER BY id FOR UPDATE
""")  # noqa: S608 - as above
_SETTLE: Final = text("""
    UPDATE gateway_events SET state = row.state, applied_at = :at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[])) AS row(id, state) WHERE gateway_events.id = row.id
""")
_REOPEN: Final = text("""
    UPDATE gateway_events SET state = 'waiting', applied_at = NULL WHERE id = :id AND payload IS NOT NULL RETURNING id
""")
_PRUNE: Final = text("""
    WITH old AS (
        SELECT id FROM gateway_events WHERE received_at < :before AND payload IS NOT NULL
         ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), forgotten AS (
        UPDATE gateway_events SET payload = NULL, key_id = NULL FROM old WHERE gateway_events.id = old.id RETURNING 1
    )
    SELECT count(*) FROM forgotten
""")
_DELETE: Final = text("""
    WITH old AS (
        SELECT id FROM gateway_events WHERE received_at < :before ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ), gone AS (DELETE FROM gateway_events USING old WHERE gateway_events.id = old.id RETURNING 1)
    SELECT count(*) FROM gone
""")


class EventReader:
    """What is read of events."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, event_id: UUID) -> StoredEvent | None:
        """One event."""
        row = (await self._session.execute(_FIND, {"id": event_id})).mappings().one_or_none()
        return StoredEvent(**row) if row is not None else None

    async def newest(
        self, *, state: EventState | None, entity_id: str | None, after: UUID | None, limit: int
    ) -> Sequence[StoredEvent]:
        """The newest first, from after `after` on."""
        bound = {"state": state, "entity_id": entity_id, "after": after, "limit": limit}
        return [StoredEvent(**row) for row in (await self._session.execute(_NEWEST, bound)).mappings()]

    async def waiting_since(self) -> datetime | None:
        """When the oldest came that is not applied; None where all are."""
        found: datetime | None = (await self._session.execute(_WAITING_SINCE)).scalar_one()
        return found


class EventRepository(EventReader):
    """What is written of events."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def add(self, event: StoredEvent) -> bool:
        """Store one; False where it, or what it tells, is there already."""
        bound = {name: getattr(event, name) for name in _NAMES}
        return (await self._writing.execute(_ADD, bound)).first() is not None

    async def lock_waiting(self, event_ids: Collection[UUID]) -> Sequence[StoredEvent]:
        """Those of these that are not applied, held until the unit of work ends."""
        rows = await self._writing.execute(_LOCK_WAITING, {"ids": list(event_ids)})
        return [StoredEvent(**row) for row in rows.mappings()]

    async def settle(self, states: Mapping[UUID, EventState], at: datetime) -> None:
        """Say what became of events."""
        if states:
            await self._writing.execute(_SETTLE, {"ids": list(states), "states": list(states.values()), "at": at})

    async def reopen(self, event_id: UUID) -> bool:
        """Let an event be applied again; False for one that is not there, or pruned."""
        return (await self._writing.execute(_REOPEN, {"id": event_id})).first() is not None

    async def prune(self, payloads_before: datetime, rows_before: datetime, limit: int) -> bool:
        """Forget old payloads, and older rows; says whether there may be more of either."""
        forgotten: int = (await self._writing.execute(_PRUNE, {"before": payloads_before, "limit": limit})).scalar_one()
        gone: int = (await self._writing.execute(_DELETE, {"before": rows_before, "limit": limit})).scalar_one()
        return limit in (forgotten, gone)
