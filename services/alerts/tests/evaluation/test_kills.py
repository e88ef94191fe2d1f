"""Real workers that are killed during a run, and while they decide about e-mails: each alert, event and mail once."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import ETA, evaluate, have, line, noon, rows
from shared.contracts.alerts import AlertsRaised, EvaluateShipments, QueuePendingEmails
from shared.contracts.notifications import SendTemplatedEmail
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.messages import published
from shared.testing.process import Processes, WorkerProcess
from shared.testing.wait import eventually

SHIPMENTS: Final = 1500
"""Chunks of 100, 200, 400 and 800."""
DAY: Final = ETA + timedelta(days=1)
NOT_BY_THE_CLOCK: Final = "INSERT INTO schedules (name, paused, last_slot_at) VALUES ('evaluate-shipments', true, now())"
"""A relay of eight o'clock would evaluate the day on which the test runs."""
MAILS: Final = Counter(shipment_alert=300, shipment_alert_digest=12)
RECOVERY_S: Final = 20
"""A lease lasts 65 s, which are 6.5 s here."""


@pytest.fixture
def fired(tmp_path: Path) -> Path:
    """Where a failpoint leaves a file when it fires, and then fires no more."""
    folder = tmp_path / "fired"
    folder.mkdir()
    return folder


def faults(name: str, action: str, fired: Path) -> dict[str, str]:
    """Settings of a process that is to fail once at a failpoint."""
    return {"WAYBILL_FAILPOINTS": f"{name}={action}", "WAYBILL_FAILPOINT_ONCE": str(fired)}


async def arrange(database: Database) -> None:
    """The shipments, all of them late on the same day."""
    async with database.unit_of_work() as session:
        await have(session, *(line(reference=f"A{number}") for number in range(SHIPMENTS)))
        await session.execute(text(NOT_BY_THE_CLOCK))


async def ask(database: Database, *days: date) -> list[UUID]:
    """Ask for a run for each day."""
    async with database.unit_of_work() as session:
        return [publish(session, EvaluateShipments(as_of=noon(day))) for day in days]


async def finished(database: Database, run_ids: list[UUID]) -> bool:
    """Whether these runs are."""
    query = "SELECT count(*) FROM evaluation_runs WHERE id = ANY(:ids) AND finished_at IS NOT NULL"
    return await found(database, query, ids=run_ids) == [(len(run_ids),)]


async def found(database: Database, query: str, **bound: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    async with database.read() as reader:
        return list(await rows(reader, query, **bound))


async def assert_each_alert_is_raised_and_told_once(database: Database, run_ids: list[UUID]) -> None:
    """Alerts, their timelines, the runs' ledger and the events agree."""
    raised = "SELECT count(*), count(DISTINCT shipment_id), min(days_late), max(days_late) FROM alerts"
    assert await found(database, raised) == [(SHIPMENTS, SHIPMENTS, 1, 1)]
    once = "SELECT count(*), count(DISTINCT alert_id) FROM alert_timeline WHERE kind = 'raised'"
    assert await found(database, once) == [(SHIPMENTS, SHIPMENTS)]
    chunks = await found(database, "SELECT run_id, number, raised FROM evaluation_chunks ORDER BY run_id, number")
    told = [(event.run_id, event.chunk, event.raised) for event in await published(database, AlertsRaised)]
    assert sorted(told) == [chunk for chunk in chunks if chunk[2]]
    for run_id in run_ids:
        own = [chunk for chunk in chunks if chunk[0] == run_id]
        ledger = "SELECT raised, chunks, error FROM evaluation_runs WHERE id = :id"
        assert await found(database, ledger, id=run_id) == [(sum(chunk[2] for chunk in own), len(own), None)]
    assert sum(chunk[2] for chunk in chunks) == SHIPMENTS
    assert await found(database, "SELECT count(*) FROM due_evaluations WHERE due_on <= '2026-03-03'") == [(0,)]


async def kill_whole(worker: WorkerProcess, where: Path) -> None:
    """Kill the worker with its child as soon as that stands at the failpoint, and start it again."""
    await eventually(where.exists, RECOVERY_S, f"nothing has passed {where.name}")
    worker.kill9()
    worker.restart()
    await worker.ready()


@pytest.mark.commits
@pytest.mark.parametrize("name", ["evaluation.before_commit", "evaluation.committed"])
async def test_run_whose_process_is_killed_at_a_chunk_goes_on_and_raises_nothing_twice(
    processes: Processes, database: Database, fired: Path, name: str
) -> None:
    await arrange(database)
    worker = processes.worker("alerts", "--concurrency", "1", **faults(name, "kill", fired))
    await asyncio.gather(worker.ready(), processes.relay("alerts").ready())

    run_ids = await ask(database, DAY)

    await eventually(lambda: finished(database, run_ids), RECOVERY_S, "the run did not end")
    assert (fired / name).exists()
    await assert_each_alert_is_raised_and_told_once(database, run_ids)
    assert await found(database, "SELECT starts FROM evaluation_runs") == [(2,)]


@pytest.mark.commits
async def test_run_whose_whole_worker_is_killed_goes_on_when_its_lease_has_run_out(
    processes: Processes, database: Database, fired: Path
) -> None:
    await arrange(database)
    worker = processes.worker("alerts", "--concurrency", "1", **faults("evaluation.committed", "stop", fired))
    await asyncio.gather(worker.ready(), processes.relay("alerts").ready())
    run_ids = await ask(database, DAY)

    await kill_whole(worker, fired / "evaluation.committed")

    assert await found(database, "SELECT count(*) FROM alerts") == [(100,)]
    await eventually(lambda: finished(database, run_ids), RECOVERY_S, "the run did not end")
    await assert_each_alert_is_raised_and_told_once(database, run_ids)


@pytest.mark.commits
async def test_two_runs_at_once_share_the_work_though_the_process_of_one_is_killed_twice(
    processes: Processes, database: Database, fired: Path
) -> None:
    await arrange(database)
    second = fired / "second"
    second.mkdir()
    workers = [
        processes.worker("alerts", "--concurrency", "1", **faults(name, "kill", folder))
        for name, folder in (("evaluation.before_commit", fired), ("evaluation.committed", second))
    ]
    await asyncio.gather(*(worker.ready() for worker in workers))
    run_ids = await ask(database, DAY, DAY)
    await processes.relay("alerts").ready()

    await eventually(lambda: finished(database, run_ids), RECOVERY_S, "the runs did not end")
    await assert_each_alert_is_raised_and_told_once(database, run_ids)


@pytest.mark.commits
@pytest.mark.parametrize("name", ["worker.before_commit", "worker.committed"])
async def test_mails_are_asked_for_once_though_the_process_that_decides_is_killed(
    processes: Processes, database: Database, fired: Path, name: str
) -> None:
    # 12 recipients with 25 shipments each get a digest, 30 with 10 a mail for each.
    desks = [*(number % 12 for number in range(300)), *(12 + number % 30 for number in range(300))]
    async with database.unit_of_work() as session:
        lines = (line(reference=f"A{number}", recipients=f"{desk}@example.com") for number, desk in enumerate(desks))
        await have(session, *lines)
        await evaluate(session, DAY)
        await session.execute(text(NOT_BY_THE_CLOCK))
        publish(session, QueuePendingEmails())
    worker = processes.worker("alerts", "--concurrency", "2", **faults(name, "kill", fired))
    await asyncio.gather(worker.ready(), processes.relay("alerts").ready())

    await eventually(lambda: is_decided(database), RECOVERY_S, "some mails were not asked for")

    assert (fired / name).exists()
    assert Counter(one.template_name for one in await published(database, SendTemplatedEmail)) == MAILS
    once = "SELECT count(*), count(DISTINCT alert_id), count(DISTINCT email_id) FROM alert_email_items"
    assert await found(database, once) == [(600, 600, MAILS.total())]
    told = "SELECT count(*), count(DISTINCT alert_id) FROM alert_timeline WHERE kind = 'email_requested'"
    assert await found(database, told) == [(600, 600)]


async def is_decided(database: Database) -> bool:
    """Whether no alert waits for its mails to be asked for, and no message for being handled."""
    waiting = """
        SELECT (SELECT count(*) FROM alerts WHERE email_requested_at IS NULL)
             + (SELECT count(*) FROM outbox WHERE name = 'alerts.queue_pending_emails')
    """
    return await found(database, waiting) == [(0,)]
