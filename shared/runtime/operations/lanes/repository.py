"""Lanes in the service's tables."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import AnyRow

AT_ONCE: Final = 100_000

_OUTBOX: Final = text("""
    SELECT lane, count(*) FILTER (WHERE state = 0 AND due_at <= now()) AS outbox_waiting,
           count(*) FILTER (WHERE state = 0 AND due_at > now()) AS outbox_later,
           count(*) FILTER (WHERE state = 1) AS outbox_unconfirmed,
           extract(epoch FROM now() - min(greatest(due_at, occurred_at)) FILTER (WHERE state = 0 AND due_at <= now()))::float8
               AS outbox_oldest_s
      FROM outbox WHERE state IN (0, 1) GROUP BY lane
""")
_INBOX: Final = text("""
    SELECT lane, count(*) FILTER (WHERE due_at <= now()) AS inbox_due,
           count(*) FILTER (WHERE state IN (2, 4) AND due_at > now()) AS inbox_waiting,
           count(*) FILTER (WHERE state = 1 AND due_at > now()) AS inbox_leased
      FROM inbox WHERE state IN (1, 2, 3, 4) GROUP BY lane
""")
_PAUSES: Final = text("SELECT lane, reason, paused_by, paused_at FROM lane_pauses")
_PAUSE: Final = text("""
    INSERT INTO lane_pauses (lane, reason, paused_by) VALUES (:lane, :reason, :by)
    ON CONFLICT (lane) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by
""")
_RESUME: Final = text("DELETE FROM lane_pauses WHERE lane = :lane")
_SETTINGS: Final = (text("SELECT * FROM lane_limits"), text("SELECT * FROM lane_pools"))
_LIMIT: Final = text("""
    INSERT INTO lane_limits (lane, per_s, reason, set_by) VALUES (:lane, :value, :reason, :by) ON CONFLICT (lane) DO UPDATE
       SET per_s = excluded.per_s, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at
""")
_SIZE: Final = text("""
    INSERT INTO lane_pools (lane, size, reason, set_by) VALUES (:lane, :value, :reason, :by) ON CONFLICT (lane) DO UPDATE
       SET size = excluded.size, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at
""")
_NO_LIMIT: Final = text("DELETE FROM lane_limits WHERE lane = :lane")
_NO_SIZE: Final = text("DELETE FROM lane_pools WHERE lane = :lane")
_WAITING: Final = text("""
    SELECT (SELECT count(*) FROM outbox WHERE lane = :lane AND state = 0) AS outbox,
           (SELECT count(*) FROM inbox WHERE lane = :lane AND state IN (2, 3, 4)) AS inbox
""")
# What the relay or a worker holds at this moment is skipped, and counted as left.
_PURGE_OUTBOX: Final = text("""
    UPDATE outbox SET state = 2, cancel_id = :undo_id
     WHERE id = ANY(ARRAY(
           SELECT id FROM outbox WHERE lane = :lane AND state = 0 ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED))
""")
_PURGE_INBOX: Final = text("""
    UPDATE inbox SET state = 7, cancel_id = :undo_id, finished_at = now(), due_at = CASE WHEN state = 3 THEN now() ELSE due_at END
     WHERE id = ANY(ARRAY(
           SELECT id FROM inbox WHERE lane = :lane AND state IN (2, 3, 4) ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED))
""")


class LaneRepository:
    """Reads what waits."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def backlog(self) -> dict[str, dict[str, Any]]:
        """The counts of every lane that has rows."""
        found: dict[str, dict[str, Any]] = {}
        for statement in (_OUTBOX, _INBOX):
            for row in (await self._session.execute(statement)).mappings():
                found.setdefault(row["lane"], {}).update({key: value for key, value in row.items() if key != "lane"})
        return found

    async def pauses(self) -> dict[str, AnyRow]:
        """Paused lanes."""
        return {row.lane: row for row in await self._session.execute(_PAUSES)}

    async def settings(self) -> tuple[dict[str, AnyRow], dict[str, AnyRow]]:
        """Lanes with a limit, and lanes whose workers have a size that was set."""
        limits, pools = [{row.lane: row for row in await self._session.execute(each)} for each in _SETTINGS]
        return limits, pools

    async def waiting(self, lane: str) -> tuple[int, int]:
        """How many rows of outbox and inbox a purge would take, without the limit on one request."""
        row = (await self._session.execute(_WAITING, {"lane": lane})).one()
        return row.outbox, row.inbox


class LaneControl(LaneRepository):
    """Changes lanes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)

    async def pause(self, lane: str, reason: str, by: str) -> None:
        """Let the relay send nothing to the lane. Once paused it stays paused since then, with the newest reason."""
        await self._session.execute(_PAUSE, {"lane": lane, "reason": reason, "by": by})

    async def resume(self, lane: str) -> None:
        """Let the relay send again."""
        await self._session.execute(_RESUME, {"lane": lane})

    async def limit(self, lane: str, per_s: float | None, reason: str, by: str) -> None:
        """Let the relay send no faster; None for as fast as it can."""
        bound = {"lane": lane} if per_s is None else {"lane": lane, "value": per_s, "reason": reason, "by": by}
        await self._session.execute(_NO_LIMIT if per_s is None else _LIMIT, bound)

    async def size(self, lane: str, size: int | None, reason: str, by: str) -> None:
        """Let the lane's workers have so many children; None for as many as they were started with."""
        bound = {"lane": lane} if size is None else {"lane": lane, "value": size, "reason": reason, "by": by}
        await self._session.execute(_NO_SIZE if size is None else _SIZE, bound)

    async def purge(self, lane: str, undo_id: UUID) -> tuple[int, int]:
        """Cancel what waits. Returns how many rows of outbox and inbox."""
        bound = {"lane": lane, "undo_id": undo_id, "most": AT_ONCE}
        outbox: Any = await self._session.execute(_PURGE_OUTBOX, bound)
        inbox: Any = await self._session.execute(_PURGE_INBOX, bound)
        return outbox.rowcount, inbox.rowcount
