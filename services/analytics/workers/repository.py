"""Reading and forgetting workers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text

from services.analytics.workers.models import KnownWorker
from shared.runtime.db import ReadSession, Session

_IN_HAND: Final = text("""
    SELECT one.value ->> 2 AS lane, count(*) AS deliveries
      FROM workers CROSS JOIN LATERAL jsonb_array_elements(running) AS one
     WHERE seen_at > :since AND stopped_at IS NULL GROUP BY 1
""")


_FORGET: Final = text("""
    DELETE FROM workers WHERE seen_at < :before AND NOT EXISTS (
        SELECT FROM monitoring_alerts AS alert
         WHERE alert.source = 'waybill' AND alert.rule = 'worker_down' AND alert.subject = left(workers.hostname, 300)
           AND alert.state <> 'resolved' AND alert.acknowledged_at IS NULL)
""")


class WorkerReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def all(self) -> Sequence[KnownWorker]:
        """Every worker that is known, by service and name."""
        query = select(KnownWorker).order_by(KnownWorker.service, KnownWorker.hostname)
        return (await self._session.scalars(query)).all()

    async def in_hand(self, since: datetime) -> dict[str, int]:
        """Deliveries by lane that workers have in hand which were heard since then."""
        return {row.lane: row.deliveries for row in await self._session.execute(_IN_HAND, {"since": since})}


class WorkerRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def forget(self, before: datetime) -> int:
        """Forget workers that were not heard since then, and return how many.

        One whose being down is an open alert that nobody has acknowledged is kept: without its row the alert would end as if it
        had come back.
        """
        gone: Any = await self._session.execute(_FORGET, {"before": before})
        return int(gone.rowcount)
