"""Reading and writing alerts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text

from services.analytics.monitoring_alerts.models import MonitoringAlert, Source, State
from shared.runtime.db import ReadSession, Session

# Of two looks that end in another order than they began, the older one changes nothing.
_BEGIN: Final = text("""
    UPDATE monitoring_evaluation SET looked_at = :at, missed = CAST(:missed AS jsonb)
     WHERE looked_at IS NULL OR looked_at < :at RETURNING one
""")
_HOLD: Final = text("SELECT one FROM monitoring_evaluation FOR UPDATE")
_LAST: Final = text("SELECT looked_at, missed FROM monitoring_evaluation")
_FAILURES: Final = text("""
    SELECT name, sum(failed + lost)::integer AS failures FROM task_stats
     WHERE span_s = 60 AND begins_at >= :since AND lane = ANY(:lanes) GROUP BY name HAVING sum(failed + lost) > 0
""")


class MonitoringAlertReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def page(
        self, states: Sequence[State], *, rule: str | None = None, before: UUID | None = None, limit: int
    ) -> Sequence[MonitoringAlert]:
        """The newest first."""
        query = select(MonitoringAlert).where(MonitoringAlert.state.in_(states))
        query = query if rule is None else query.where(MonitoringAlert.rule == rule)
        query = query if before is None else query.where(MonitoringAlert.id < before)
        return (await self._session.scalars(query.order_by(MonitoringAlert.id.desc()).limit(limit))).all()

    async def find(self, alert_id: UUID) -> MonitoringAlert | None:
        """One of them."""
        return await self._session.get(MonitoringAlert, alert_id)

    async def last_look(self) -> tuple[datetime | None, dict[str, int]]:
        """When rules were last held against what is; and the slots that had been passed over by then."""
        row = (await self._session.execute(_LAST)).one()
        return row.looked_at, row.missed

    async def failures(self, lanes: Sequence[str], since: datetime) -> dict[str, int]:
        """Messages that failed for good or were lost on these lanes, by task."""
        rows = await self._session.execute(_FAILURES, {"lanes": list(lanes), "since": since})
        return {row.name: row.failures for row in rows}


class MonitoringAlertRepository(MonitoringAlertReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def begin(self, at: datetime, missed: dict[str, int]) -> bool:
        """Hold all alerts until the unit of work ends. False where a later look has been taken already."""
        bound = {"at": at, "missed": orjson.dumps(missed).decode()}
        return (await self._writing.execute(_BEGIN, bound)).one_or_none() is not None

    async def hold(self) -> None:
        """Hold all alerts until the unit of work ends."""
        await self._writing.execute(_HOLD)

    async def open(self, source: Source) -> dict[tuple[str, str], MonitoringAlert]:
        """Those that are not resolved, by rule and subject."""
        query = select(MonitoringAlert).where(MonitoringAlert.state != "resolved", MonitoringAlert.source == source)
        return {(one.rule, one.subject): one for one in await self._writing.scalars(query)}

    async def lock(self, alert_id: UUID) -> MonitoringAlert | None:
        """One, held until the unit of work ends."""
        await self.hold()
        return await self._writing.get(MonitoringAlert, alert_id, populate_existing=True)

    def add(self, alert: MonitoringAlert) -> None:
        """Keep a new one."""
        self._writing.add(alert)

    async def drop(self, alerts: Iterable[MonitoringAlert]) -> None:
        """Forget those that never fired."""
        for one in alerts:
            await self._writing.delete(one)

    async def forget(self, before: datetime) -> int:
        """Delete what was resolved earlier, and return how many."""
        gone: Any = await self._writing.execute(
            delete(MonitoringAlert).where(MonitoringAlert.state == "resolved", MonitoringAlert.resolved_at < before)
        )
        return int(gone.rowcount)
