"""Days of events that are dropped: kept as Parquet first, compared, and not dropped where that fails."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.analytics.events.event_models import NewEvent
from services.analytics.tests.events.arrange import OURS, rows
from services.analytics.tests.rollups.test_rolling import NOW, record
from shared.contracts.analytics import TendEvents
from shared.runtime.archive import keeping
from shared.runtime.archive.keeping import Archive, Keys
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

DAY = "events_20260301"
LATER = timedelta(days=401)


@pytest.fixture
async def events(session: Session) -> list[tuple[Any, ...]]:
    """Three of a day, of which one has whatever can be empty."""
    at = NOW - timedelta(days=1)
    full = NewEvent(uuid7(), "shop.page_viewed", at, value=-7, user_id="Zoë|1", properties='{"a": [1, "é\\n"]}')
    others = [NewEvent(uuid7(), "shop.page_viewed", at + timedelta(microseconds=number)) for number in (1, 2)]
    await record(session, *((OURS, event) for event in (full, *others)))
    return [tuple(row) for row in await rows(session, f"SELECT * FROM {DAY} ORDER BY occurred_at")]  # noqa: S608  # a constant


def shown(value: Any) -> Any:
    """As the file has it."""
    return value if value is None or isinstance(value, int) or hasattr(value, "tzinfo") else str(value)


def keeps(worker_runtime: ProcessRuntime, folder: Path) -> None:
    """From now on the worker archives."""
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": folder})


async def test_tending_that_runs_twice_archives_a_day_once_with_all_of_its_rows(
    session: Session,
    run_task: TaskRunner,
    worker_runtime: ProcessRuntime,
    clock: FrozenClock,
    tmp_path: Path,
    events: list[tuple[Any, ...]],
) -> None:
    keeps(worker_runtime, tmp_path)
    clock.set(NOW + LATER)
    handled = [await run_task(TendEvents(slot=clock())) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    kept = [tuple(row.values()) for row in rows_of(tmp_path / "analytics" / f"{DAY}.parquet", "occurred_at")]
    assert [row[:-1] for row in kept] == [tuple(map(shown, row[:-1])) for row in events]
    assert [row[-1] for row in kept] == ['{"a": [1, "é\\n"]}', None, None]
    columns = "file, row_count, oldest_at, newest_at - oldest_at, length(digest)"
    noted = await rows(session, f"SELECT {columns} FROM archives WHERE row_count > 0")  # noqa: S608  # a constant
    assert noted == [(f"{DAY}.parquet", 3, NOW - timedelta(days=1), timedelta(microseconds=2), 64)]
    assert await rows(session, f"SELECT to_regclass('{DAY}')") == [(None,)]  # a constant
    assert [path.name for path in sorted((tmp_path / "analytics").glob(".*"))] == []


async def test_day_whose_file_is_not_right_or_cannot_be_written_stays_in_the_database(
    session: Session,
    run_task: TaskRunner,
    worker_runtime: ProcessRuntime,
    clock: FrozenClock,
    tmp_path: Path,
    events: list[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    clock.set(NOW + LATER)
    keeps(worker_runtime, tmp_path / "file")
    unwritable = await run_task(TendEvents(slot=clock()))
    # A disk that gives back other bytes than it took cannot be had here.
    monkeypatch.setattr(keeping.Archive, "_in_file", lambda *_: (Keys(3, 1), ""))
    keeps(worker_runtime, tmp_path)
    worker_runtime._effects.clear()
    wrong = await run_task(TendEvents(slot=clock()))

    assert [(one.outcome, one.error_class) for one in (unwritable, wrong)] == [("retry", "NotArchived")] * 2
    assert str(wrong.error).endswith("they are not the same ones")
    assert await rows(session, f"SELECT count(*) FROM {DAY}") == [(len(events),)]  # noqa: S608  # a constant
    assert list((tmp_path / "analytics").glob("events*")) == []
    assert await rows(session, "SELECT count(*) FROM archives") == [(0,)]


async def test_table_that_is_not_there_or_empty_is_no_mistake(session: Session, clock: FrozenClock, tmp_path: Path) -> None:
    archive = Archive(tmp_path, "analytics", ("file", "archived_at"), clock)
    await session.execute(text("CREATE TEMPORARY TABLE nothing (file text, archived_at timestamptz)"))

    assert await archive.keep(session, "events_19000101") is None
    path = await archive.keep(session, "nothing")
    assert path is not None
    assert rows_of(path) == []
