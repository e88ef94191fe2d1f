"""Asking for drills."""

from uuid import UUID

from services.analytics.drills.errors import DrillNotFound
from services.analytics.drills.models import Drill
from services.analytics.drills.repository import DrillReader, DrillRepository
from shared.contracts.analytics import RunRestoreDrill
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import publish


class Drills:
    """Asks for them, in one unit of work."""

    def __init__(self, session: Session, audit: AuditLog, clock: Clock) -> None:
        self._session = session
        self._audit = audit
        self._clock = clock

    async def ask(self, reason: str) -> Drill:
        """One more, besides those of the schedule."""
        key, rows = uuid7(), DrillRepository(self._session)
        await rows.open(key, self._audit.actor, self._clock())
        publish(self._session, RunRestoreDrill(drill_id=key, requested_by=self._audit.actor))
        await self._audit.write("restore_drill.run", str(key), reason)
        return await drill_of(rows, key)


class DrillBook:
    """The rows of drills, as `LedgeredRun` keeps them."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._rows = DrillRepository(session)
        self._clock = clock

    async def open(self, key: UUID, requested_by: str) -> bool:
        """See that there is a row, and say whether there is still something to do."""
        await self._rows.open(key, requested_by, self._clock())
        return (await drill_of(self._rows, key)).state != "passed"

    async def give_up(self, key: UUID, error: str) -> None:
        """It will not be tried again."""
        await self._rows.fail(key, error, self._clock())


async def drill_of(rows: DrillReader, key: UUID) -> Drill:
    """One, whatever has become of it. Raises DrillNotFound."""
    found = await rows.find(key)
    if found is None:
        raise DrillNotFound("no drill has this id; GET /v1/restore-drills lists them")
    return found
