"""`notifications.archive_old_rows`: finished deliveries go into files that name nobody, before retention deletes them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.archives.rules_repository import rules
from shared.contracts.notifications import ArchiveOldRows
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of, undecided_columns
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

NOW: Final = datetime(2027, 9, 1, 20, 10, tzinfo=UTC)
OLD: Final = NOW - timedelta(days=394)
"""A delivery is kept for 400 days, and archived seven before that."""
ADDRESS: Final = "asha@example.com"
_DELIVERY: Final = text("""
    INSERT INTO deliveries (id, channel, to_address, to_person, address_hash, subject, subject_key, status, created_at,
                            finished_at, error)
    VALUES (:id, 'email', :address, 'a.b:asha', 'asha-hash', 'Dear Asha', 'a.b:asha',
            CASE WHEN :open THEN 'queued' ELSE 'failed' END, :at,
            CASE WHEN :open THEN NULL ELSE CAST(:at AS timestamptz) END, CASE WHEN :open THEN NULL ELSE :address END)
""")
_ATTEMPT: Final = text("""
    INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, detail)
    VALUES (:id, 1, 'smtp', :at, :at, 'bad_recipient', :address)
""")
_COST: Final = text("INSERT INTO attempt_costs (delivery_id, number, price, price_currency) VALUES (:id, 1, 0.0079, 'USD')")
_EVENT: Final = text("""
    INSERT INTO delivery_events (id, delivery_id, kind, occurred_at, detail) VALUES (:event, :id, 'bounced', :at, :address)
""")


async def delivery(session: Session, at: datetime, *, is_open: bool = False, event_at: datetime | None = None) -> UUID:
    """One with an attempt and an event."""
    bound = {"id": uuid7(), "address": ADDRESS, "at": at, "open": is_open}
    await session.execute(_DELIVERY, bound)
    await session.execute(_ATTEMPT, bound)
    await session.execute(_COST, bound)
    await session.execute(_EVENT, {**bound, "event": uuid7(), "at": event_at or at})
    return UUID(str(bound["id"]))


async def left(session: Session, table: str, column: str = "delivery_id") -> set[UUID]:
    """Whose rows are in a table."""
    return set((await session.execute(text(f"SELECT {column} FROM {table}"))).scalars())  # noqa: S608  # a constant


@pytest.fixture
def folder(worker_runtime: ProcessRuntime, tmp_path: Path, clock: FrozenClock) -> Path:
    """Where the worker archives, on the day of the test."""
    clock.set(NOW)
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": tmp_path})
    return tmp_path / "notifications"


def kept(folder: Path, table: str) -> list[dict[str, Any]]:
    return rows_of(folder / table / "*.parquet")


async def test_archiving_that_runs_twice_takes_finished_deliveries_with_their_timelines_once(
    session: Session, run_task: TaskRunner, folder: Path
) -> None:
    old = await delivery(session, OLD)
    others = {await delivery(session, OLD, is_open=True), await delivery(session, NOW - timedelta(days=392))}
    handled = [await run_task(ArchiveOldRows(slot=NOW)) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    assert [(row["delivery_id"], row["price"]) for row in kept(folder, "attempt_costs")] == [(str(old), "0.0079")]
    assert [row["delivery_id"] for row in kept(folder, "delivery_attempts")] == [str(old)]
    assert [row["delivery_id"] for row in kept(folder, "delivery_events")] == [str(old)]
    assert [(row["id"], row["status"]) for row in kept(folder, "deliveries")] == [(str(old), "failed")]
    for table, column in (("delivery_attempts", "delivery_id"), ("delivery_events", "delivery_id"), ("deliveries", "id")):
        assert await left(session, table, column) == others


async def test_no_file_names_whom_a_delivery_went_to(session: Session, run_task: TaskRunner, folder: Path) -> None:
    await delivery(session, OLD)
    await run_task(ArchiveOldRows(slot=NOW))

    said = repr([kept(folder, table) for table in ("deliveries", "delivery_attempts", "delivery_events")]).lower()
    assert "failed" in said
    assert "asha" not in said


@pytest.mark.usefixtures("folder")
async def test_delivery_stays_as_long_as_a_part_of_its_timeline_does(session: Session, run_task: TaskRunner) -> None:
    late = await delivery(session, OLD, event_at=NOW - timedelta(days=1))
    await run_task(ArchiveOldRows(slot=NOW))

    assert await left(session, "deliveries", "id") == {late}
    assert (await left(session, "delivery_attempts"), await left(session, "delivery_events")) == (set(), {late})


@pytest.mark.parametrize(("retention_days", "age"), [(400, 393), (37, 30), (30, 30)])
def test_rows_go_seven_days_before_retention_deletes_them_but_never_young(retention_days: int, age: int) -> None:
    assert {rule.days for rule in rules(retention_days)} == {age}


async def test_every_column_of_an_archived_table_is_kept_or_left_out(session: Session) -> None:
    assert await undecided_columns(session, rules(400)) == []
