"""Reading and writing sources, runs, and what of rows was handed on."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select, text, tuple_, update

from services.analytics.sync_runs.models import (
    Bad,
    Drift,
    Item,
    Position,
    QuarantinedRow,
    Reading,
    Shape,
    Standing,
    SyncRun,
    SyncSource,
    Unmapped,
)
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.pages import Key

RUNS_KEPT: Final = timedelta(days=90)
ITEMS_KEPT: Final = timedelta(days=400)
_DIRECT: Final = {"synchronize_session": False}
_OPEN_STATES: Final = ("asked", "running")

_SOURCE: Final = text("INSERT INTO sync_sources (name) VALUES (:name) ON CONFLICT (name) DO NOTHING")
_OPEN: Final = text("""
    INSERT INTO sync_runs (id, source, state, requested_by, asked_at) VALUES (:id, :source, 'asked', :by, :now)
    ON CONFLICT (id) DO NOTHING
""")
_MOVE: Final = text("""
    UPDATE sync_sources SET version = version + 1, cursor = :cursor, etag = :etag WHERE name = :source AND version = :version
""")
_COUNT: Final = text("""
    UPDATE sync_runs
       SET pages = pages + 1, read = read + :read, published = published + :published, unchanged = unchanged + :unchanged,
           repeated = repeated + :repeated, quarantined = quarantined + :quarantined, has_more = :has_more,
           shape = CAST(:shape AS jsonb), unmapped = CAST(:unmapped AS jsonb)
     WHERE id = :id
""")
_QUARANTINE: Final = text("""
    INSERT INTO sync_quarantined_rows (run_id, page, key, reason, row)
    SELECT :id, run.pages, given.key, reason, given.row
      FROM sync_runs AS run, unnest(CAST(:keys AS text[]), CAST(:reasons AS text[]), CAST(:rows AS text[])) WITH ORDINALITY
           AS given(key, reason, row, place)
     WHERE run.id = :id ORDER BY place
""")
_KNOWN: Final = text("""
    SELECT item.key FROM unnest(CAST(:keys AS text[]), CAST(:digests AS bytea[]), CAST(:told_ats AS timestamptz[]))
                         AS given(key, digest, told_at)
      JOIN sync_items AS item ON item.source = :source AND item.key = given.key
     WHERE item.digest = given.digest OR item.told_at > given.told_at
""")
_REMEMBER: Final = text("""
    INSERT INTO sync_items AS known (source, key, digest, told_at, seen_at)
    SELECT :source, key, digest, told_at, :now
      FROM unnest(CAST(:keys AS text[]), CAST(:digests AS bytea[]), CAST(:told_ats AS timestamptz[]))
           AS given(key, digest, told_at) ORDER BY key
    ON CONFLICT (source, key) DO UPDATE
       SET digest = excluded.digest, told_at = excluded.told_at, seen_at = excluded.seen_at
     WHERE excluded.told_at >= known.told_at
""")
# A run that goes well is the end of those that did not, and what it has seen is what the next one is held against.
_SUCCEED: Final = text("""
    UPDATE sync_sources SET failures = 0, succeeded_at = :now, shape = CAST(:shape AS jsonb) WHERE name = :source
""")
_LAST_RUNS: Final = text("SELECT DISTINCT ON (source) * FROM sync_runs ORDER BY source, asked_at DESC, id DESC")
_STANDINGS: Final = text("""
    SELECT name, failures, succeeded_at,
           (SELECT error FROM sync_runs WHERE source = name AND state = 'failed' ORDER BY asked_at DESC LIMIT 1) AS error,
           (SELECT max(asked_at) FROM sync_runs WHERE source = name) AS asked_at
      FROM sync_sources ORDER BY name
""")


class SyncReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def run(self, key: UUID) -> SyncRun | None:
        """One run, whatever has become of it."""
        query = select(SyncRun).where(SyncRun.id == key).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def runs(self, *, source: str | None, state: str | None, after: Key | None, limit: int) -> Sequence[SyncRun]:
        """Those that were asked for last."""
        query = select(SyncRun).order_by(SyncRun.asked_at.desc(), SyncRun.id.desc()).limit(limit)
        query = query if source is None else query.where(SyncRun.source == source)
        query = query if state is None else query.where(SyncRun.state == state)
        query = query if after is None else query.where(tuple_(SyncRun.asked_at, SyncRun.id) < after)
        return (await self._session.scalars(query)).all()

    async def quarantined(self, key: UUID, limit: int) -> Sequence[QuarantinedRow]:
        """The rows of a run that could not be taken, in their order."""
        query = select(QuarantinedRow).where(QuarantinedRow.run_id == key).order_by(QuarantinedRow.id).limit(limit)
        return (await self._session.scalars(query)).all()

    async def sources(self) -> dict[str, SyncSource]:
        """All that were ever read, by name."""
        return {one.name: one for one in await self._session.scalars(select(SyncSource))}

    async def last_runs(self) -> dict[str, SyncRun]:
        """The newest run of each source."""
        return {one.source: one for one in await self._session.scalars(select(SyncRun).from_statement(_LAST_RUNS))}

    async def standings(self) -> list[Standing]:
        """How each source is."""
        return [Standing(*row) for row in await self._session.execute(_STANDINGS)]


class SyncRepository(SyncReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def open(self, key: UUID, source: str, by: str, now: datetime) -> SyncRun:
        """See that there is a row."""
        await self._session.execute(_SOURCE, {"name": source})
        await self._session.execute(_OPEN, {"id": key, "source": source, "by": by, "now": now})
        return (await self._session.scalars(select(SyncRun).where(SyncRun.id == key))).one()

    async def begin(self, key: UUID, now: datetime) -> None:
        """It runs from now on, or goes on."""
        started = func.coalesce(SyncRun.started_at, now)
        await self._set(key, {"state": "running", "attempt": SyncRun.attempt + 1, "started_at": started, "error": None})

    async def position(self, source: str) -> Position:
        """Where a source is read on."""
        found = (await self._session.scalars(select(SyncSource).where(SyncSource.name == source))).one()
        return Position(source, found.version, found.cursor, found.etag, found.shape)

    async def move(self, seen: Position, cursor: str | None, etag: str | None) -> bool:
        """Move a source on; False where somebody else has moved it since."""
        bound = {"source": seen.source, "version": seen.version, "cursor": cursor, "etag": etag}
        moved: Any = await self._session.execute(_MOVE, bound)
        return bool(moved.rowcount)

    async def known(self, source: str, items: Sequence[Item]) -> set[str]:
        """The keys of those that were handed on as they are, or in a newer version."""
        rows = await self._session.execute(_KNOWN, {"source": source} | _columns(items))
        return {row.key for row in rows}

    async def remember(self, source: str, items: Sequence[Item], now: datetime) -> None:
        """Keep what was handed on."""
        await self._session.execute(_REMEMBER, {"source": source, "now": now} | _columns(items))

    async def count(self, key: UUID, reading: Reading, published: int, *, has_more: bool, so_far: tuple[Shape, Unmapped]) -> None:
        """Count one page. so_far: what the rows of the run look like, and which of their values nothing stands for."""
        counts = {
            "id": key,
            "read": reading.rows,
            "published": published,
            "unchanged": len(reading.items) - published,
            "repeated": reading.repeated,
            "quarantined": len(reading.bad),
            "has_more": has_more,
            "shape": _json(so_far[0]),
            "unmapped": _json(so_far[1]),
        }
        await self._session.execute(_COUNT, counts)

    async def quarantine(self, key: UUID, bad: Iterable[Bad]) -> None:
        """Keep the rows of the page that was counted last which could not be taken."""
        told = list(bad)
        columns = {"keys": [one.key for one in told], "reasons": [one.reason for one in told], "rows": [one.row for one in told]}
        await self._session.execute(_QUARANTINE, {"id": key} | columns)

    async def succeed(self, run: SyncRun, found: Drift, shape: Shape | None, now: datetime) -> None:
        """It has read what there was, or as much as it may."""
        await self._set(run.id, {"state": "done", "ended_at": now, "drift": asdict(found), "error": None})
        await self._session.execute(_SUCCEED, {"source": run.source, "now": now, "shape": _json(shape) if shape else None})

    async def overtake(self, key: UUID, why: str, now: datetime) -> None:
        """Somebody else has read the same before it."""
        await self._set(key, {"state": "overtaken", "ended_at": now, "error": why})

    async def wait(self, key: UUID, error: str) -> None:
        """It is tried again."""
        await self._set(key, {"error": error[:1000]})

    async def fail(self, key: UUID, error: str, now: datetime) -> bool:
        """It is not tried again. False for one that had ended before."""
        if not await self._set(key, {"state": "failed", "ended_at": now, "error": error[:1000]}):
            return False
        source = select(SyncRun.source).where(SyncRun.id == key).scalar_subquery()
        worse = update(SyncSource).where(SyncSource.name == source).values(failures=SyncSource.failures + 1)
        await self._session.execute(worse, execution_options=_DIRECT)
        return True

    async def restart(self, source: str) -> None:
        """Read a source from its beginning the next time."""
        anew = {"cursor": None, "etag": None, "version": SyncSource.version + 1}
        await self._session.execute(update(SyncSource).where(SyncSource.name == source).values(anew), execution_options=_DIRECT)

    async def forget(self, now: datetime) -> None:
        """Delete runs that ended long ago, and rows that nobody has told of for long."""
        old_runs = delete(SyncRun).where(SyncRun.ended_at < now - RUNS_KEPT)
        await self._session.execute(old_runs, execution_options=_DIRECT)
        await self._session.execute(text("DELETE FROM sync_items WHERE seen_at < :before"), {"before": now - ITEMS_KEPT})

    async def _set(self, key: UUID, values: dict[str, Any]) -> bool:
        change = update(SyncRun).where(SyncRun.id == key, SyncRun.state.in_(_OPEN_STATES)).values(values)
        changed: Any = await self._session.execute(change, execution_options=_DIRECT)
        return bool(changed.rowcount)


def _columns(items: Sequence[Item]) -> dict[str, Any]:
    return {
        "keys": [one.key for one in items],
        "digests": [one.digest for one in items],
        "told_ats": [one.told_at for one in items],
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
