"""When it is 08:00 where somebody is."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.digests.mornings import last_morning, mornings_between, next_monday, next_morning


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("moment", "zone", "day", "eight"),
    [
        ("2026-11-21T02:30", "Asia/Kolkata", date(2026, 11, 21), "2026-11-21T02:30"),
        ("2026-11-21T02:29", "Asia/Kolkata", date(2026, 11, 20), "2026-11-20T02:30"),
        ("2026-11-21T02:15", "Asia/Kathmandu", date(2026, 11, 21), "2026-11-21T02:15"),
        ("2026-11-20T18:00", "Pacific/Kiritimati", date(2026, 11, 21), "2026-11-20T18:00"),
        ("2026-11-21T00:00", "Pacific/Pago_Pago", date(2026, 11, 20), "2026-11-20T19:00"),
        # Clocks go forward on the 29th of March, and back on the 25th of October.
        ("2026-03-28T07:00", "Europe/Berlin", date(2026, 3, 28), "2026-03-28T07:00"),
        ("2026-03-29T06:00", "Europe/Berlin", date(2026, 3, 29), "2026-03-29T06:00"),
        ("2026-10-25T06:30", "Europe/Berlin", date(2026, 10, 24), "2026-10-24T06:00"),
        ("2026-10-25T07:00", "Europe/Berlin", date(2026, 10, 25), "2026-10-25T07:00"),
        ("2026-11-21T08:00", "Nowhere/There", date(2026, 11, 21), "2026-11-21T08:00"),
    ],
)
def test_last_morning_is_that_of_the_zone(moment: str, zone: str, day: date, eight: str) -> None:
    assert last_morning(at(moment), zone) == (day, at(eight))


@pytest.mark.parametrize(
    ("moment", "zone", "morning", "monday"),
    [
        # The 23rd of November 2026 is a Monday.
        ("2026-11-21T02:29", "Asia/Kolkata", "2026-11-21T02:30", "2026-11-23T02:30"),
        ("2026-11-21T02:30", "Asia/Kolkata", "2026-11-22T02:30", "2026-11-23T02:30"),
        ("2026-11-23T02:29", "Asia/Kolkata", "2026-11-23T02:30", "2026-11-23T02:30"),
        ("2026-11-23T02:30", "Asia/Kolkata", "2026-11-24T02:30", "2026-11-30T02:30"),
        ("2026-11-23T02:30", "America/New_York", "2026-11-23T13:00", "2026-11-23T13:00"),
        ("2026-11-22T20:00", "Pacific/Kiritimati", "2026-11-23T18:00", "2026-11-29T18:00"),
        # Clocks go back on Sunday the 25th of October.
        ("2026-10-24T12:00", "Europe/Berlin", "2026-10-25T07:00", "2026-10-26T07:00"),
        ("2026-11-21T09:00", "Nowhere/There", "2026-11-22T08:00", "2026-11-23T08:00"),
    ],
)
def test_next_mornings_are_those_of_the_zone(moment: str, zone: str, morning: str, monday: str) -> None:
    assert (next_morning(at(moment), zone), next_monday(at(moment), zone)) == (at(morning), at(monday))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    st.sampled_from(["Asia/Kolkata", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Africa/Casablanca"]),
)
def test_each_local_day_has_one_slot_of_a_quarter_of_an_hour_in_which_its_morning_comes(start: datetime, zone: str) -> None:
    slots = [start + timedelta(minutes=15 * step) for step in range(4 * 24 * 7 + 1)]
    days = [found[zone] for before, slot in pairwise(slots) if (found := mornings_between(before, slot, [zone]))]

    assert days == sorted(set(days))
    assert len(days) == 7 or (len(days) in (6, 8) and "Kolkata" not in zone)


def test_of_missed_mornings_the_last_counts_and_none_of_yesterday_evening() -> None:
    after, zones = at("2026-11-18T00:00"), ["Asia/Kolkata", "America/New_York"]

    # 14:30 in India, where it was 8 six hours ago; 04:00 in New York, where it was 8 twenty hours ago.
    assert mornings_between(after, at("2026-11-21T09:00"), zones) == {"Asia/Kolkata": date(2026, 11, 21)}
