"""alerts.alerts_raised: what is counted, and that it is counted once."""

import asyncio
from datetime import date

import pytest

from services.analytics.deps import alert_counting
from services.analytics.tests.alert_counts.arrange import DAY, OURS, THEIRS, counted, event, ours, theirs
from shared.contracts.alerts import AlertsRaised
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published


async def test_event_is_counted_by_organization_day_and_severity(session: Session, run_task: TaskRunner) -> None:
    handled = await run_task(event(theirs(high=3), ours(info=4, warning=2, critical=1)))

    assert handled.outcome == "done"
    assert await counted(session) == [
        (OURS, DAY, "critical", 1),
        (OURS, DAY, "info", 4),
        (OURS, DAY, "warning", 2),
        (THEIRS, DAY, "high", 3),
    ]
    await assert_nothing_published(session)


async def test_events_that_run_twice_are_counted_once(session: Session, run_task: TaskRunner) -> None:
    events, ids = [event(ours(info=4)), event(ours(info=1), theirs(high=3))], [uuid7(), uuid7()]

    first = await run_task.run(events, ids=ids)
    again = await run_task.run(events, ids=ids)
    after_a_death = await run_task.run(events, ids=ids, redelivered=True)

    assert [one.carried_out for one in (*first, *again, *after_a_death)] == [True, True, False, False, False, False]
    assert await counted(session) == [(OURS, DAY, "info", 5), (THEIRS, DAY, "high", 3)]


async def test_batch_that_has_a_key_several_times_adds_it_up(session: Session, run_task: TaskRunner) -> None:
    later = date(2026, 3, 3)
    batch = [event(ours(info=1), ours(info=2, high=1)), event(ours(info=4)), event(ours(info=8), as_of=later)]

    for _ in range(2):
        await run_task.run(batch)

    assert await counted(session) == [(OURS, DAY, "high", 2), (OURS, DAY, "info", 14), (OURS, later, "info", 16)]


async def test_event_of_nothing_but_zeros_leaves_no_row(session: Session, run_task: TaskRunner) -> None:
    assert (await run_task(event(ours()))).outcome == "done"
    assert await counted(session) == []


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (event(ours(info=1), as_of=date.min), "as_of is not between 2000-01-01 and 2099-12-31; send the day that was evaluated"),
        (event(ours(info=1), as_of=date.max), "as_of is not between 2000-01-01 and 2099-12-31; send the day that was evaluated"),
    ],
    ids=["first day", "last day"],
)
async def test_event_that_cannot_be_meant_is_dead_at_once_and_its_neighbours_are_counted(
    session: Session, run_task: TaskRunner, bad: AlertsRaised, error: str
) -> None:
    neighbours = [event(theirs(info=1)), event(theirs(high=1_000_000))]

    before, dead, after = await run_task.run([neighbours[0], bad, neighbours[1]])

    assert (before.outcome, dead.outcome, after.outcome) == ("done", "dead", "done")
    assert (dead.error_class, dead.error) == ("ImplausibleEvent", error)
    assert await counted(session) == [(THEIRS, DAY, "high", 1_000_000), (THEIRS, DAY, "info", 1)]


@pytest.mark.commits
async def test_batches_that_meet_add_up_and_do_not_wait_in_a_circle(database: Database) -> None:
    forwards = [event(ours(info=1, high=1), theirs(info=1, high=1))]
    backwards = [event(theirs(high=1, info=1)), event(ours(high=1, info=1))]

    async def count(events: list[AlertsRaised]) -> None:
        async with database.unit_of_work() as session:
            await alert_counting(session).count(events)

    await asyncio.gather(*(count(events) for _ in range(20) for events in (forwards, backwards)))

    async with database.read() as session:
        assert await counted(session) == [
            (organization, DAY, severity, 40) for organization in (OURS, THEIRS) for severity in ("high", "info")
        ]
