"""alerts.evaluate_shipments: exact counts, and nothing twice."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from services.alerts.deps import evaluation, shipment_import
from services.alerts.evaluation import service
from services.alerts.tests.arrange import ETA, OURS, alerts, csv_of, evaluate, have, line, noon, rows
from shared.contracts.alerts import EvaluateShipments, QueuePendingEmails
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published

DUE = "SELECT reference, next_evaluation_on FROM shipments ORDER BY reference"


def day(late: int) -> date:
    """The day on which a shipment with the usual ETA is so many days late."""
    return ETA + timedelta(days=late)


STEPS = [
    (0, None, day(1)),
    (1, (1, "info"), day(3)),
    (2, (1, "info"), day(3)),
    (3, (2, "warning"), day(5)),
    (4, (2, "warning"), day(5)),
    (5, (3, "high"), day(7)),
    (6, (3, "high"), day(7)),
    (7, (4, "critical"), None),
    (4000, (4, "critical"), None),
]


@pytest.mark.parametrize(("late", "step", "next_on"), STEPS)
async def test_highest_step_reached_is_raised_alone_and_the_next_crossing_is_known(
    session: Session, late: int, step: tuple[int, str] | None, next_on: date | None
) -> None:
    await have(session, line())

    summary = await evaluate(session, day(late))

    assert await alerts(session) == ([("MAEU1", *step, late, 1)] if step else [])
    assert await rows(session, DUE) == [("MAEU1", next_on)]
    assert (summary.shipments, summary.raised) == ((1, 1) if step else (0, 0))


async def test_day_by_day_each_step_is_raised_once_on_its_day(session: Session) -> None:
    await have(session, line())

    raised = [(await evaluate(session, day(late))).raised for late in range(-1, 12)]

    assert raised == [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0]
    assert await alerts(session) == [
        ("MAEU1", 1, "info", 1, 1),
        ("MAEU1", 2, "warning", 3, 1),
        ("MAEU1", 3, "high", 5, 1),
        ("MAEU1", 4, "critical", 7, 1),
    ]


@pytest.mark.parametrize("status", ["released", "delivered", "cancelled"])
async def test_shipment_that_customs_let_go_raises_nothing(session: Session, status: str) -> None:
    await have(session, line(status=status))

    assert (await evaluate(session, day(30))).shipments == 0
    assert await alerts(session) == []


async def test_new_eta_rearms_every_step_under_its_own_revision(session: Session) -> None:
    await have(session, line())
    await evaluate(session, day(7))

    await have(session, line(current_eta=day(10).isoformat()))
    counts = [(await evaluate(session, day(late))).raised for late in (8, 10, 11, 17)]

    assert counts == [0, 0, 1, 1]
    assert await alerts(session) == [("MAEU1", 4, "critical", 7, 1), ("MAEU1", 1, "info", 1, 2), ("MAEU1", 4, "critical", 7, 2)]


async def test_eta_that_is_taken_back_is_a_revision_of_its_own(session: Session) -> None:
    for eta in (day(0), day(5), day(0)):
        await have(session, line(current_eta=eta.isoformat()))
        await evaluate(session, day(1))

    assert await alerts(session) == [("MAEU1", 1, "info", 1, 1), ("MAEU1", 1, "info", 1, 3)]


async def test_shipment_that_is_held_again_does_not_repeat_what_it_had(session: Session) -> None:
    await have(session, line())
    await evaluate(session, day(5))
    await have(session, line(status="released"))
    await have(session, line(status="customs_hold"))

    counts = [(await evaluate(session, day(late))).raised for late in (4, 5, 6, 7)]

    assert counts == [0, 0, 0, 1]
    assert [alert[1] for alert in await alerts(session)] == [3, 4]


async def test_chunks_grow_and_reach_every_shipment(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FIRST_CHUNK", 2)
    monkeypatch.setattr(service, "LARGEST_CHUNK", 8)
    await have(session, *(line(reference=f"A{number}", current_eta=day(-(number % 9)).isoformat()) for number in range(29)))

    summary = await evaluate(session, day(1))

    # 2 + 4 + 8 + 8 + 7
    assert (summary.shipments, summary.raised, summary.chunks) == (29, 29, 5)


async def test_run_that_ends_with_a_full_chunk_raises_all(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FIRST_CHUNK", 2)
    await have(session, *(line(reference=f"A{number}") for number in range(6)))

    summary = await evaluate(session, day(1))

    assert (summary.shipments, summary.raised, summary.chunks) == (6, 6, 2)


async def test_task_answers_its_counts_and_asks_for_the_emails(session: Session, run_task: TaskRunner) -> None:
    await have(session, line(reference="A1"), line(reference="B2", current_eta=day(5).isoformat()))
    run_id = uuid7()

    (handled,) = await run_task.run([EvaluateShipments(as_of=noon(day(3)))], ids=[run_id], occurred_at=noon(day(4)))

    counts = {"run_id": str(run_id), "as_of": day(3).isoformat(), "shipments": 1, "raised": 1, "chunks": 1}
    assert (handled.outcome, handled.result) == ("done", counts)
    assert await alerts(session) == [("A1", 2, "warning", 3, 1)]
    await assert_published(session, QueuePendingEmails)
    ledger = "SELECT id, as_of, shipments, raised, chunks, finished_at > started_at FROM evaluation_runs"
    assert await rows(session, ledger) == [(run_id, day(3), 1, 1, 1, True)]


async def test_task_that_runs_twice_raises_once(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())
    message, message_id = EvaluateShipments(as_of=noon(day(3))), uuid7()

    first, again, second = [
        (await run_task.run([message], ids=[key], occurred_at=noon(day(3))))[0] for key in (message_id, message_id, uuid7())
    ]

    assert (first.result["raised"], again.result["raised"], second.result["raised"]) == (1, 1, 0)
    assert (second.result["shipments"], len(await alerts(session))) == (0, 1)
    assert await session.scalar(text("SELECT count(*) FROM evaluation_runs")) == 2
    await assert_published(session, QueuePendingEmails)


async def test_day_is_the_moment_of_sending_where_none_is_named(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())

    handled = await run_task(EvaluateShipments(), occurred_at=datetime(2026, 3, 3, 0, 0, tzinfo=UTC))

    assert (handled.result["as_of"], handled.result["raised"]) == ("2026-03-03", 1)


async def test_day_that_has_not_come_is_refused_and_nothing_is_raised(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())

    handled = await run_task(EvaluateShipments(as_of=noon(day(1))), occurred_at=noon(day(0)))

    assert (handled.outcome, handled.error_class) == ("dead", "DayNotEvaluable")
    assert await alerts(session) == []
    await assert_nothing_published(session, QueuePendingEmails)


@pytest.mark.commits
async def test_runs_side_by_side_raise_each_alert_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        await shipment_import(session).run(OURS, csv_of(*(line(reference=f"A{number}") for number in range(500))))

    async def run() -> int:
        async with database.unit_of_work() as session:
            return (await evaluation(session).run(uuid7(), None, asked_at=noon(day(1)))).raised

    raised = await asyncio.gather(*(run() for _ in range(4)))

    assert sum(raised) == 500
    async with database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM alerts")) == 500
