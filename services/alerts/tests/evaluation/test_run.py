"""alerts.evaluate_shipments: exact counts, and nothing twice."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from services.alerts.deps import shipment_import
from services.alerts.evaluation import run as running
from services.alerts.evaluation.run import EvaluationRuns, Run
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.tests.arrange import ETA, OURS, THEIRS, alerts, csv_of, evaluate, have, line, noon, rows
from shared.contracts.alerts import AlertsRaised, EvaluateShipments, OrganizationAlerts, QueuePendingEmails
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.outcomes import Done, Retry
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published

DUE = "SELECT reference, due_on FROM shipments LEFT JOIN due_evaluations ON shipment_id = id ORDER BY reference, due_on"


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
    monkeypatch.setattr(running, "FIRST_CHUNK", 2)
    monkeypatch.setattr(running, "LARGEST_CHUNK", 8)
    await have(session, *(line(reference=f"A{number}", current_eta=day(-(number % 9)).isoformat()) for number in range(29)))

    summary = await evaluate(session, day(1))

    # 2 + 4 + 8 + 8 + 7
    assert (summary.shipments, summary.raised, summary.chunks) == (29, 29, 5)


async def test_run_that_ends_with_a_full_chunk_raises_all(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "FIRST_CHUNK", 2)
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
    # Each run asks for the mails, because runs for earlier days have left theirs to it.
    assert len(await published(session, QueuePendingEmails)) == 2


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


async def arrange_many(database: Database, count: int) -> None:
    """So many shipments that are due on the day after the usual ETA."""
    async with database.unit_of_work() as session:
        lines = (line(reference=f"A{number}") for number in range(count))
        await shipment_import(session, OURS, today=ETA).run(csv_of(*lines))


async def begin(database: Database, as_of: date) -> Run:
    """A run that a worker has taken up and not begun to carry out."""
    run = Run(uuid7())
    async with database.unit_of_work() as session:
        await RunRepository(session).request(run.id, as_of, trigger="message", requested_by="system:test")
        await RunRepository(session).begin(run.id)
    return run


async def carry_out(database: Database, run: Run) -> dict[str, int]:
    """Carry a run on, slice by slice, to its end."""
    while not isinstance(outcome := await EvaluationRuns(database.unit_of_work, lambda: noon(day(1))).call(run), Done):
        assert isinstance(outcome, Retry)
        assert not outcome.counts
        await asyncio.sleep(min(outcome.after_s, 0.05))
    counts: dict[str, int] = outcome.result
    return counts


@pytest.mark.commits
async def test_runs_side_by_side_share_the_work_and_raise_each_alert_once(database: Database) -> None:
    await arrange_many(database, 3000)
    runs = [await begin(database, day(1)) for _ in range(4)]

    counts = await asyncio.gather(*(carry_out(database, run) for run in runs))

    assert sum(one["raised"] for one in counts) == 3000
    async with database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM alerts")) == 3000
        assert await reader.scalar(text("SELECT count(*) FROM alert_timeline WHERE kind = 'raised'")) == 3000


@pytest.mark.commits
async def test_run_that_stopped_in_the_middle_is_resumed_and_tells_of_each_chunk_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await arrange_many(database, 1000)
    run = await begin(database, day(1))
    monkeypatch.setattr(running, "SLICE_S", 0.0)
    assert isinstance(await EvaluationRuns(database.unit_of_work, lambda: noon(day(1))).call(run), Retry)
    monkeypatch.setattr(running, "SLICE_S", 0.001)
    first = await EvaluationRuns(database.unit_of_work, lambda: noon(day(1))).call(run)

    monkeypatch.undo()
    counts = await carry_out(database, run)

    assert isinstance(first, Retry)
    assert (counts["raised"], counts["shipments"], counts["chunks"]) == (1000, 1000, 4)
    told = await published(database, AlertsRaised)
    assert [(one.chunk, one.raised) for one in told] == [(1, 100), (2, 200), (3, 400), (4, 300)]
    assert {one.run_id for one in told} == {run.id}
    async with database.read() as reader:
        chunks = await rows(reader, "SELECT number, shipments, raised FROM evaluation_chunks ORDER BY number")
    assert chunks == [(1, 100, 100), (2, 200, 200), (3, 400, 400), (4, 300, 300)]


@pytest.mark.commits
async def test_shipment_that_an_import_holds_is_not_waited_for_and_not_forgotten(database: Database) -> None:
    await arrange_many(database, 3)
    run = await begin(database, day(1))
    runs = EvaluationRuns(database.unit_of_work, lambda: noon(day(1)))

    async with database.unit_of_work() as other:
        await other.execute(text("UPDATE shipments SET carrier = 'MSC' WHERE reference = 'A1'"))
        waiting = await runs.call(run)
        raised = await rows(other, "SELECT count(*) FROM alerts")
    counts = await carry_out(database, run)

    assert isinstance(waiting, Retry)
    assert (waiting.error_class, raised) == ("InOtherHands", [(2,)])
    assert (counts["raised"], counts["chunks"]) == (3, 2)


async def test_chunk_that_raises_for_two_organizations_tells_each_ones_counts(session: Session) -> None:
    await have(session, line(reference="A1"), line(reference="A2", current_eta=day(-6).isoformat()))
    await have(session, line(reference="B1"), organization_id=THEIRS)

    await evaluate(session, day(1))

    told = await assert_published(session, AlertsRaised, chunk=1, part=1, as_of=day(1), raised=3)
    assert told.organizations == (
        OrganizationAlerts(organization_id=OURS, info=1, critical=1),
        OrganizationAlerts(organization_id=THEIRS, info=1),
    )


async def test_alert_of_a_later_revision_takes_up_the_one_before(session: Session) -> None:
    await have(session, line())
    await evaluate(session, day(3))
    await have(session, line(current_eta=day(5).isoformat()))

    await evaluate(session, day(6))

    first, second = await rows(session, "SELECT id, reopens, status, resolution FROM alerts ORDER BY id")
    assert (first[1:], second[1:]) == ((None, "resolved", "eta_changed"), (first[0], "open", None))
    kinds = await rows(session, "SELECT kind FROM alert_timeline WHERE alert_id = :id", id=second[0])
    assert kinds == [("reopened",)]


async def test_run_that_is_given_up_says_why(session: Session, run_task: TaskRunner) -> None:
    run_id = uuid7()
    await RunRepository(session).request(run_id, day(1), trigger="http", requested_by="operator:anna")

    (handled,) = await run_task.run([EvaluateShipments(as_of=noon(day(1)))], ids=[run_id], occurred_at=noon(day(0)))

    assert handled.outcome == "dead"
    ((error, finished),) = await rows(session, "SELECT error, finished_at FROM evaluation_runs")
    assert error.startswith("as_of lies in the future")
    assert finished is None


async def test_day_that_is_caught_up_leaves_the_mails_to_the_run_of_today(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await have(session, line(current_eta=(clock().date() - timedelta(days=3)).isoformat()))

    for ago, asked in ((1, 0), (0, 1)):
        moment = noon(clock().date() - timedelta(days=ago))
        await run_task(EvaluateShipments(as_of=moment), occurred_at=noon(clock().date()))
        assert len(await published(session, QueuePendingEmails)) == asked


async def test_run_waits_for_one_of_an_earlier_day_that_is_under_way(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())
    earlier = uuid7()
    await RunRepository(session).request(earlier, day(1), trigger="message", requested_by="system:test")
    await RunRepository(session).begin(earlier)
    message = EvaluateShipments(as_of=noon(day(3)))

    waiting = await run_task(message, occurred_at=noon(day(3)))
    await RunRepository(session).finish(earlier)
    done = await run_task(message, occurred_at=noon(day(3)))

    assert (waiting.outcome, waiting.error_class) == ("retry", "EarlierRun")
    assert (done.outcome, done.result["raised"]) == ("done", 1)
