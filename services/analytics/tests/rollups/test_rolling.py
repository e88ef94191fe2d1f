"""Rollups: whatever the order in which events come, counting bit by bit ends in the bytes of counting from scratch."""

import math
from collections import Counter
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.analytics import event_deps, rollup_deps
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.events.event_models import NewEvent
from services.analytics.rollups.rolling_repository import EVERYBODY, RollupStateReader
from services.analytics.tests.events.arrange import OURS, THEIRS, rows
from shared.contracts.analytics import RebuildRollups, RollUpEvents, TendEvents
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner

_ALL: Final = " UNION ALL ".join(
    f"SELECT '{grain}' AS grain, series, organization_id, bucket, dimension, n, total, lowest, highest, hist::text"  # noqa: S608
    f" FROM rollup_{grain}s"
    for grain in ("minute", "hour", "day")
)
NOW: Final = MONDAY_MORNING

_event = st.builds(
    lambda number, name, seconds, value, currency, version: NewEvent(
        event_id=UUID(int=number),
        name=name,
        occurred_at=NOW - timedelta(seconds=seconds),
        value=value,
        properties=f'{{"currency": "{currency}", "distance_m": {abs(value)}}}',
        source="payments",
        version=version,
    ),
    st.integers(1, 30),
    st.sampled_from(["payments.order_placed", "trips.trip_completed", "app.session_started"]),
    st.integers(0, 26 * 3600),
    st.one_of(st.integers(-5, 5), st.integers(0, 2**53)),
    st.sampled_from(["INR", "EUR"]),
    st.integers(1, 3),
)
_step = st.one_of(st.just("roll"), st.lists(st.tuples(st.sampled_from([OURS, THEIRS]), _event), min_size=1, max_size=6))


async def counted(session: Session) -> list[tuple[Any, ...]]:
    """All rows of all grains, in an order that does not depend on how they came."""
    return await rows(session, f"SELECT * FROM ({_ALL}) AS every ORDER BY 1, 2, 3, 4, 5")  # noqa: S608 — a constant.


async def record(session: Session, *events: tuple[UUID, NewEvent]) -> None:
    """As a service's message or a request would."""
    days = EventDaysRepository(session)
    await days.make((NOW - timedelta(days=2)).date(), NOW.date())
    await event_deps.recording(session).record(events, NOW)


@given(story=st.lists(_step, max_size=8))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_counting_bit_by_bit_ends_in_the_bytes_of_counting_from_scratch(
    session: Session, joined_database: Database, clock: FrozenClock, story: list[str | list[tuple[UUID, NewEvent]]]
) -> None:
    rolling = rollup_deps.rolling(joined_database, clock)
    for step in story:
        if isinstance(step, str):
            await rolling.roll()
        else:
            await record(session, *step)
    await rolling.roll()
    by_and_by = await counted(session)
    await session.execute(text("DELETE FROM rollup_minutes"))
    await session.execute(text("DELETE FROM rollup_hours"))
    await session.execute(text("UPDATE rollup_days SET n = n + 1"))
    await rolling.rebuild(NOW - timedelta(days=3), NOW + timedelta(days=1))

    assert await counted(session) == by_and_by
    held = await rows(session, "SELECT name, count(*) FROM events GROUP BY name")
    total: Counter[str] = Counter()
    for key in by_and_by:
        if key[0] == "day" and key[2] == EVERYBODY and ":" not in key[1]:
            total[key[1]] += key[5]
    assert dict(total) == dict(held)
    await session.execute(text("DELETE FROM events"))
    await rolling.rebuild(NOW - timedelta(days=3), NOW + timedelta(days=1))
    assert await counted(session) == []


async def test_histograms_hold_each_value_within_five_percent_and_add_up(session: Session) -> None:
    values = [-3, 0, 1, 2, 3, 100, 101, 86_400, 10**9, 2**53, 2**62]
    found = await rows(session, "SELECT value, hist_bucket(value) FROM unnest(CAST(:values AS bigint[])) AS value", values=values)
    for value, bucket in found:
        low, high = (0, 0) if bucket == 0 else (math.floor(1.05 ** (bucket - 2)), math.ceil(1.05 ** (bucket - 1)))
        assert value <= 0 if bucket == 0 else low <= value <= high * (1 + 1e-9), (value, bucket)
    added = "SELECT hist_add('{3,1,0,2}', '{1,5}'), hist_add('{1,5}', '{3,1,0,2}'), hist_of('{2,NULL,5,2}', '{1,9,1,1}')"
    assert await rows(session, added) == [([1, 5, 0, 1, 0, 2], [1, 5, 0, 1, 0, 2], [2, 2, 0, 0, 1])]


async def test_counting_that_runs_twice_counts_once_and_says_how_far_it_is(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    trip = NewEvent(uuid7(), "trips.trip_completed", NOW, properties='{"distance_m": 5000}', source="trips")
    await record(session, (OURS, trip))
    message_id = uuid7()
    handled = [await run_task.run([RollUpEvents(slot=NOW)], ids=[message_id]) for _ in range(2)]
    handled.append(await run_task.run([RollUpEvents(slot=NOW)]))
    once = await counted(session)
    rebuilt = [await run_task(RebuildRollups(since=NOW - timedelta(days=1), until=NOW + timedelta(hours=1))) for _ in range(2)]
    too_long = await run_task(RebuildRollups(since=NOW - timedelta(days=500), until=NOW))
    backwards = await run_task(RebuildRollups(since=NOW, until=NOW - timedelta(days=1)))

    assert [one.outcome for (one,) in handled] + [one.outcome for one in rebuilt] == ["done"] * 5
    assert (too_long.outcome, too_long.error_class) == ("dead", "RebuildTooLong")
    assert (backwards.outcome, backwards.error_class) == ("dead", "RebuildBackwards")
    assert await counted(session) == once
    assert [key[1] for key in once if key[0] == "day" and key[2] == OURS] == [
        "trips.trip_completed",
        "trips.trip_completed:distance_m",
    ]
    state = await RollupStateReader(session).state()
    assert (state.rolled_at, state.waiting_since) == (clock(), None)


async def test_a_late_event_finds_the_rest_of_an_hour_whose_minutes_are_forgotten(
    session: Session, joined_database: Database, run_task: TaskRunner, clock: FrozenClock
) -> None:
    hour = NOW.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    early, late = (NewEvent(uuid7(), "shop.page_viewed", hour + timedelta(minutes=m), source="api") for m in (1, 2))
    await record(session, (OURS, early))
    rolling = rollup_deps.rolling(joined_database, clock)
    await rolling.roll()
    clock.set(NOW + timedelta(days=50))
    for _ in range(2):
        assert (await run_task(TendEvents(slot=clock()))).outcome == "done"
    assert await rows(session, "SELECT count(*) FROM rollup_minutes") == [(0,)]
    await record(session, (OURS, late))
    await rolling.roll()

    query = "SELECT n FROM rollup_hours WHERE organization_id = :whose AND series = 'shop.page_viewed'"
    assert await rows(session, query, whose=OURS) == [(2,)]


async def test_tending_that_runs_twice_drops_days_whose_time_is_over_and_makes_the_next(
    session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await record(session, (OURS, NewEvent(uuid7(), "shop.page_viewed", NOW - timedelta(days=1))))
    clock.set(NOW + timedelta(days=401))
    for _ in range(2):
        assert (await run_task(TendEvents(slot=clock()))).outcome == "done"

    days = await EventDaysRepository(session).days()
    assert days == [clock().date() + timedelta(days=ahead) for ahead in range(4)]
    assert await rows(session, "SELECT sum(events)::int FROM event_days_dropped") == [(1,)]
