"""Reading and writing which restores were tried."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text, tuple_, update

from services.analytics.drills.models import Drill
from shared.runtime.db import ReadSession, Session
from shared.runtime.dumps.restoring import Difference
from shared.runtime.http.pages import Key

FORGOTTEN_AFTER: Final = timedelta(days=800)
SHOWN_DIFFERENCES: Final = 100
_DIRECT: Final = {"synchronize_session": False}

_OPEN: Final = text("""
    INSERT INTO restore_drills (id, state, requested_by, asked_at) VALUES (:id, 'asked', :by, :now) ON CONFLICT (id) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Result:
    """What a drill has come to. took_s: from an empty database to one that was compared."""

    took_s: float
    size_bytes: int
    row_count: int
    differences: Sequence[Difference]


class DrillReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, key: UUID) -> Drill | None:
        """One, whatever has become of it."""
        return (await self._session.scalars(select(Drill).where(Drill.id == key))).one_or_none()

    async def newest(self, *, after: Key | None, limit: int) -> Sequence[Drill]:
        """Those that were asked for last."""
        query = select(Drill).order_by(Drill.asked_at.desc(), Drill.id.desc()).limit(limit)
        query = query if after is None else query.where(tuple_(Drill.asked_at, Drill.id) < after)
        return (await self._session.scalars(query)).all()

    async def last_passed(self) -> Drill | None:
        """The one whose time holds."""
        query = select(Drill).where(Drill.state == "passed").order_by(Drill.ended_at.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()


class DrillRepository(DrillReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def open(self, key: UUID, by: str, now: datetime) -> None:
        """See that there is a row."""
        await self._session.execute(_OPEN, {"id": key, "by": by, "now": now})

    async def begin(self, key: UUID, backup_id: UUID, now: datetime) -> None:
        """It runs from now on, and whatever ran before does not: there is one at a time."""
        await self._set(
            {"state": "failed", "error": "its process ended before it did", "ended_at": now}, Drill.state == "running"
        )
        values = {"state": "running", "attempt": Drill.attempt + 1, "backup_id": backup_id, "started_at": now}
        await self._set({**values, "ended_at": None, "error": None}, Drill.id == key, Drill.state.in_(("asked", "failed")))

    async def end(self, key: UUID, result: Result, error: str | None, now: datetime) -> None:
        """It has passed, or has come to an error after all was restored."""
        values = {
            "state": "failed" if error else "passed",
            "error": error,
            "took_s": result.took_s,
            "size_bytes": result.size_bytes,
            "row_count": result.row_count,
            "differences": [asdict(one) for one in result.differences[:SHOWN_DIFFERENCES]],
            "ended_at": now,
        }
        await self._set(values, Drill.id == key, Drill.state == "running")
        await self._session.execute(delete(Drill).where(Drill.asked_at < now - FORGOTTEN_AFTER), execution_options=_DIRECT)

    async def fail(self, key: UUID, error: str, now: datetime) -> None:
        """It has come to nothing."""
        values = {"state": "failed", "error": error[:1000], "ended_at": now}
        await self._set(values, Drill.id == key, Drill.state.in_(("asked", "running")))

    async def _set(self, values: dict[str, Any], *which: Any) -> None:
        await self._session.execute(update(Drill).where(*which).values(values), execution_options=_DIRECT)
