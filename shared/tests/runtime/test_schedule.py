"""Schedules: every slot once, whatever happens to the schedulers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.runtime.db import Database
from shared.runtime.schedule import MAX_CATCH_UP, Entry, fire, fire_due_slots, publish_slot
from shared.testing.clock import FrozenClock
from shared.testing.messages import outbox_of, published


class Tick(Command):
    contract: ClassVar = Contract("analytics.keep_tick", (lanes.ANALYTICS_NORMAL,))

    slot: UtcDatetime | None = None


class Plain(Command):
    contract: ClassVar = Contract("analytics.keep_plain", (lanes.ANALYTICS_NORMAL,))


HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
HOURLY = Entry(name="hourly", crontab="0 * * * *", message=Tick())


def _entry(catch_up: Literal["skip", "last", "all"] = "last", **changes: Any) -> Entry:
    return Entry(**{"name": "hourly", "crontab": "0 * * * *", "message": Tick(), "catch_up": catch_up, **changes})


async def _slots(database: Database) -> list[int | None]:
    """The hours of the slots that were fired, in the order in which they go out."""
    sent = sorted(await outbox_of(database), key=lambda one: (one.due_at, one.id))
    return [slot.hour if (slot := Tick.model_validate_json(one.body).slot) else None for one in sent]


async def _standing(owner: asyncpg.Connection, name: str = "hourly") -> tuple[datetime, int]:
    row = await owner.fetchrow("SELECT last_slot_at, missed FROM schedules WHERE name = $1", name)
    assert row is not None
    return row["last_slot_at"], row["missed"]


async def test_an_entry_starts_when_it_is_first_seen_and_then_fires_each_slot_once(
    database: Database, clock: FrozenClock
) -> None:
    fired = [await fire(database, [HOURLY], clock)]
    for minutes in (59, 1, 0, 30, 30):
        clock.advance(timedelta(minutes=minutes))
        fired.append(await fire(database, [HOURLY], clock))

    assert fired == [0, 0, 1, 0, 0, 1]
    assert await _slots(database) == [10, 11]


@pytest.mark.parametrize(("catch_up", "expected", "missed"), [("skip", [], 3), ("last", [12], 2), ("all", [10, 11, 12], 0)])
async def test_slots_that_nobody_was_there_for_are_caught_up_as_the_entry_says(
    database: Database,
    owner: asyncpg.Connection,
    clock: FrozenClock,
    catch_up: Literal["skip", "last", "all"],
    expected: list[int],
    missed: int,
) -> None:
    await fire(database, [_entry(catch_up)], clock)
    clock.advance(3.5 * HOUR)

    assert await fire(database, [_entry(catch_up)], clock) == len(expected)

    assert await _slots(database) == expected
    assert await _standing(owner) == (datetime(2026, 3, 2, 12, tzinfo=UTC), missed)


async def test_a_slot_of_a_moment_ago_is_on_time_even_for_an_entry_that_skips(database: Database, clock: FrozenClock) -> None:
    await fire(database, [_entry("skip")], clock)
    clock.advance(2 * HOUR + timedelta(minutes=4))
    await fire(database, [_entry("skip")], clock)

    assert await _slots(database) == [11]


async def test_what_a_pause_passed_over_is_counted_and_not_fired_later(
    database: Database, owner: asyncpg.Connection, clock: FrozenClock
) -> None:
    entry = _entry("all")
    await fire(database, [entry], clock)
    await owner.execute("UPDATE schedules SET paused = true")
    clock.advance(2 * HOUR)
    await fire(database, [entry], clock)
    await owner.execute("UPDATE schedules SET paused = false")
    clock.advance(HOUR)
    await fire(database, [entry], clock)

    assert await _slots(database) == [12]
    assert (await _standing(owner))[1] == 2


async def test_an_operators_times_replace_the_codes(database: Database, owner: asyncpg.Connection, clock: FrozenClock) -> None:
    entry = _entry("all")
    await fire(database, [entry], clock)
    await owner.execute("UPDATE schedules SET crontab = '*/20 * * * *'")
    clock.advance(HOUR)

    assert await fire(database, [entry], clock) == 3


async def test_any_number_of_schedulers_fire_a_slot_once(database: Database, clock: FrozenClock) -> None:
    entries = [_entry("all"), _entry("all", name="other")]
    assert await asyncio.gather(*(fire(database, entries, clock) for _ in range(4))) == [0] * 4
    clock.advance(3 * HOUR)

    fired = await asyncio.gather(*(fire(database, entries, clock) for _ in range(4)))

    assert sum(fired) == 6
    assert sorted(slot or 0 for slot in await _slots(database)) == [10, 10, 11, 11, 12, 12]


async def test_a_scheduler_that_dies_before_its_commit_loses_no_slot(database: Database, clock: FrozenClock) -> None:
    await fire(database, [HOURLY], clock)
    now = clock.advance(HOUR)

    async def die() -> None:
        async with database.unit_of_work() as session:
            assert await fire_due_slots(session, [HOURLY], now) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await die()

    assert await _slots(database) == []
    assert await fire(database, [HOURLY], clock) == 1
    assert await _slots(database) == [10]


async def test_a_slot_run_by_hand_is_the_same_slot(database: Database, clock: FrozenClock) -> None:
    await fire(database, [HOURLY], clock)
    slot = clock.advance(HOUR)
    async with database.unit_of_work() as session:
        by_hand = publish_slot(session, HOURLY, slot)

    await fire(database, [HOURLY], clock)

    assert await _slots(database) == [10]
    assert by_hand == HOURLY.message_id(slot)


async def test_a_renamed_entry_starts_anew_and_a_removed_one_stands_still(
    database: Database, owner: asyncpg.Connection, clock: FrozenClock
) -> None:
    await fire(database, [_entry("all")], clock)
    clock.advance(2 * HOUR)
    await fire(database, [_entry("all", name="renamed")], clock)
    clock.advance(HOUR)
    await fire(database, [_entry("all", name="renamed")], clock)

    assert await _slots(database) == [12]
    assert await _standing(owner) == (datetime(2026, 3, 2, 9, tzinfo=UTC), 0)


async def test_a_message_without_a_slot_is_sent_as_it_is(database: Database, clock: FrozenClock) -> None:
    entry = Entry(name="plain", crontab="0 * * * *", message=Plain())
    await fire(database, [entry], clock)
    clock.advance(HOUR)

    assert await fire(database, [entry], clock) == 1
    assert await published(database, Plain) == [Plain()]


def _local(entry: Entry, start: datetime, end: datetime) -> list[str]:
    return [slot.astimezone(ZoneInfo(entry.timezone)).strftime("%d %H:%M %Z") for slot in entry.slots(start, end)]


def test_a_local_time_that_daylight_saving_skips_fires_once_right_after_the_gap() -> None:
    entry = _entry(crontab="30 2 * * *", timezone="Europe/Berlin")

    fired = _local(entry, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))

    assert fired == ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]


def test_a_local_time_that_comes_twice_fires_once() -> None:
    entry = _entry(crontab="30 2 * * *", timezone="Europe/Berlin")

    fired = _local(entry, datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC))

    assert fired == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]
    assert entry.next_slot(datetime(2026, 10, 25, 0, 45, tzinfo=UTC)) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_what_runs_in_every_hour_runs_in_the_repeated_one_too() -> None:
    entry = _entry(timezone="Europe/Berlin")

    fired = _local(entry, datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC))

    assert fired == ["25 02:00 CEST", "25 02:00 CET", "25 03:00 CET"]


@pytest.mark.parametrize("crontab", ["* * * * * *", "@hourly", "0 25 * * *", "R * * * *", "0 0 30 2 *", "", "now"])
def test_times_that_no_two_schedulers_would_agree_on_are_refused(crontab: str) -> None:
    with pytest.raises(ValueError, match=r"schedule hourly: .* is not a crontab of five fields"):
        _entry(crontab=crontab)


def test_a_year_is_the_most_that_is_caught_up() -> None:
    slots = HOURLY.slots(datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))

    assert len(slots) == MAX_CATCH_UP
    assert slots[-1] == datetime(2026, 1, 1, tzinfo=UTC)


_CRONTABS = st.sampled_from(
    [
        "*/5 * * * *",
        "*/15 * * * *",
        "0 * * * *",
        "30 2 * * *",
        "0 2 * * *",
        "0 3 * * *",
        "15 1-3 * * *",
        "0 8 * * mon-fri",
        "0 0 1 * *",
    ]
)
_STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)) | st.sampled_from(  # noqa: DTZ001  # made aware below
    [datetime(2026, 3, 28, 23, 59), datetime(2026, 10, 24, 22, 30)]  # noqa: DTZ001  # as above
)
_STEPS = st.lists(st.integers(1, 400), min_size=1, max_size=12)


@hypothesis_settings(max_examples=50)
@given(_CRONTABS, st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]), _STARTS, _STEPS)
def test_looking_often_and_looking_once_find_the_same_slots(
    crontab: str, timezone: str, start: datetime, steps: list[int]
) -> None:
    entry = _entry(crontab=crontab, timezone=timezone)
    begin = mark = start.replace(tzinfo=UTC)
    found: list[datetime] = []
    for minutes in steps:
        now = mark + timedelta(minutes=minutes)
        since = begin if not found else max(begin, found[-1])
        slots = entry.slots(since, now)
        assert entry.is_due(since, now) == bool(slots)
        found += slots
        mark = now

    at_once = entry.slots(begin, mark)
    assert found[-MAX_CATCH_UP:] == at_once[-MAX_CATCH_UP:]
    assert all(begin < slot <= mark for slot in found)
    assert found == sorted(set(found))
