"""Until when quiet hours last, also where the clocks change in them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.preferences.models import EVERY_DAY, QuietHours
from services.notifications.preferences.quiet_hours import local_date, quiet_until

NIGHT: Final = QuietHours(time(22), time(8), EVERY_DAY)
BERLIN: Final = "Europe/Berlin"


def until(now: str, quiet: QuietHours, zone: str = "UTC", paused_until: date | None = None) -> str | None:
    """In short; the moment is one of 2026, in UTC."""
    found = quiet_until(datetime.fromisoformat(f"2026-{now}:00Z"), zone, quiet, paused_until)
    return f"{found:%m-%d %H:%M}" if found is not None else None


@pytest.mark.parametrize(
    ("now", "expected"),
    [("11-20 21:59", None), ("11-20 22:00", "11-21 08:00"), ("11-21 07:59", "11-21 08:00"), ("11-21 08:00", None)],
)
def test_hours_begin_and_end_to_the_minute(now: str, expected: str | None) -> None:
    assert until(now, NIGHT) == expected


def test_hours_of_one_day_do_not_reach_into_the_next() -> None:
    lunch = QuietHours(time(12), time(13), EVERY_DAY)

    assert (until("11-20 12:30", lunch), until("11-20 13:00", lunch)) == ("11-20 13:00", None)


def test_half_hours_of_india_are_kept() -> None:
    assert until("11-20 16:30", NIGHT, "Asia/Kolkata") == "11-21 02:30"
    assert until("11-20 16:29", NIGHT, "Asia/Kolkata") is None


def test_hours_belong_to_the_day_on_which_they_begin() -> None:
    friday = QuietHours(time(22), time(8), frozenset({5}))

    assert until("11-20 23:00", friday) == "11-21 08:00"
    assert until("11-21 03:00", friday) == "11-21 08:00"
    assert until("11-21 23:00", friday) is None


def test_whole_days_that_follow_each_other_are_one_silence() -> None:
    weekend = QuietHours(time(0), time(0), frozenset({6, 7}))

    assert until("11-20 23:59", weekend) is None
    assert until("11-21 00:00", weekend) == "11-23 00:00"


def test_six_whole_days_end_on_the_seventh() -> None:
    assert until("11-16 00:00", QuietHours(time(0), time(0), EVERY_DAY - {7})) == "11-22 00:00"


def test_end_that_the_clocks_leave_out_is_the_moment_at_which_they_jump() -> None:
    # On 29 March the clocks go from 2:00 to 3:00, which is 1:00 UTC.
    assert until("03-28 23:00", QuietHours(time(22), time(2, 30), EVERY_DAY), BERLIN) == "03-29 01:00"
    assert until("03-28 23:00", QuietHours(time(22), time(3), EVERY_DAY), BERLIN) == "03-29 01:00"
    assert until("03-28 23:00", QuietHours(time(22), time(8), EVERY_DAY), BERLIN) == "03-29 06:00"


def test_beginning_that_the_clocks_leave_out_is_that_moment_as_well() -> None:
    early = QuietHours(time(2, 30), time(5), EVERY_DAY)

    assert until("03-29 00:59", early, BERLIN) is None
    assert until("03-29 01:00", early, BERLIN) == "03-29 03:00"


def test_time_that_the_clocks_show_twice_begins_at_the_first_and_ends_at_the_second() -> None:
    # On 25 October 2:30 comes at 0:30 and at 1:30 UTC.
    assert until("10-25 00:45", QuietHours(time(22), time(2, 30), EVERY_DAY), BERLIN) == "10-25 01:30"
    assert until("10-25 00:30", QuietHours(time(2, 30), time(5), EVERY_DAY), BERLIN) == "10-25 04:00"


def test_pause_ends_with_the_beginning_of_its_day_where_the_person_is() -> None:
    never = QuietHours(time(0), time(0), frozenset())

    assert until("11-20 12:00", never, "Asia/Kolkata", date(2026, 11, 25)) == "11-24 18:30"
    assert until("11-24 18:30", never, "Asia/Kolkata", date(2026, 11, 25)) is None


def test_pause_that_ends_in_a_midnight_that_does_not_exist_ends_at_the_jump() -> None:
    # In Beirut the clocks go from 0:00 to 1:00 on 29 March, which is 22:00 UTC of the day before.
    never = QuietHours(time(0), time(0), frozenset())

    assert until("03-27 12:00", never, "Asia/Beirut", date(2026, 3, 29)) == "03-28 22:00"


def test_day_is_the_one_where_the_person_is() -> None:
    assert local_date(datetime(2026, 11, 20, 18, 30, tzinfo=UTC), "Asia/Kolkata") == date(2026, 11, 21)


MINUTES: Final = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from([BERLIN, "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]),
    st.builds(QuietHours, MINUTES, MINUTES, st.frozensets(st.integers(1, 7), max_size=6)),
)
def test_what_is_held_is_held_for_a_week_at_most_and_may_be_sent_then(now: datetime, zone: str, quiet: QuietHours) -> None:
    end = quiet_until(now, zone, quiet, None)

    if end is not None:
        assert now < end <= now + timedelta(days=7, hours=1)
        assert quiet_until(end, zone, quiet, None) is None
