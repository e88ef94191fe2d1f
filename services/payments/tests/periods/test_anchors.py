"""Periods from an anchor."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.periods.anchors import Interval, anchor_for, index_on, period, periods_between

ANCHORS = st.dates(date(2023, 1, 1), date(2028, 12, 31))
COUNTS = st.integers(1, 13)
YEARS = timedelta(days=8 * 366)


def starts(anchor: date, interval: Interval, count: int = 1, periods: int = 5) -> list[str]:
    return [period(anchor, interval, count, index).start.isoformat() for index in range(periods)]


def test_the_31st_comes_back_after_a_short_month() -> None:
    assert starts(date(2027, 1, 31), Interval.MONTH) == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    assert starts(date(2028, 1, 30), Interval.MONTH, periods=3) == ["2028-01-30", "2028-02-29", "2028-03-30"]


def test_the_29th_of_february_is_the_28th_in_other_years_and_comes_back() -> None:
    assert starts(date(2024, 2, 29), Interval.YEAR) == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_periods_may_be_several_intervals_long() -> None:
    assert starts(date(2026, 11, 30), Interval.MONTH, 3, 3) == ["2026-11-30", "2027-02-28", "2027-05-30"]
    assert starts(date(2026, 12, 25), Interval.WEEK, 2, 3) == ["2026-12-25", "2027-01-08", "2027-01-22"]
    assert starts(date(2028, 2, 28), Interval.DAY, 1, 3) == ["2028-02-28", "2028-02-29", "2028-03-01"]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 31), st.sampled_from(Interval), COUNTS, st.integers(2023, 2026))
def test_periods_of_eight_years_leave_no_gap_and_no_overlap(day: int, interval: Interval, count: int, year: int) -> None:
    anchor, index, end = date(year, 1, day), 0, date(year, 1, day)
    while end < anchor + YEARS:
        current = period(anchor, interval, count, index)
        assert current.start == end < current.end
        assert (
            index_on(anchor, interval, count, current.start)
            == index
            == index_on(anchor, interval, count, current.end - timedelta(1))
        )
        if interval in (Interval.MONTH, Interval.YEAR):
            # Clamped to the month, and never further.
            assert current.start.day == day or (current.start + timedelta(days=1)).day == 1
        index, end = index + 1, current.end


@settings(max_examples=60, deadline=None)
@given(ANCHORS, st.sampled_from(Interval), COUNTS, ANCHORS, st.integers(-5, 400))
def test_catching_up_finds_each_period_that_began_once(
    anchor: date, interval: Interval, count: int, since: date, days: int
) -> None:
    until = since + timedelta(days=days)

    found = periods_between(anchor, interval, count, since, until, most=1000)

    all_of_them = [(index, *period(anchor, interval, count, index)) for index in range(3000 if interval is Interval.DAY else 500)]
    assert found == [one for one in all_of_them if since <= one[1] < until]
    assert periods_between(anchor, interval, count, since, until, most=2) == found[:2]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 31), ANCHORS)
def test_subscription_begins_within_a_period_of_its_anchor_day(day: int, start: date) -> None:
    anchor = anchor_for(day, start)

    assert anchor.day == day
    current = period(anchor, Interval.MONTH, 1, index_on(anchor, Interval.MONTH, 1, start))
    assert current.start <= start < current.end


@pytest.mark.parametrize(
    ("day", "start", "anchor"),
    [
        (31, "2026-02-15", "2026-01-31"),
        (31, "2026-03-15", "2026-01-31"),
        (15, "2026-02-15", "2026-02-15"),
        (29, "2025-03-01", "2025-01-29"),
    ],
)
def test_anchor_is_the_newest_such_day(day: int, start: str, anchor: str) -> None:
    assert anchor_for(day, date.fromisoformat(start)) == date.fromisoformat(anchor)


def test_what_is_no_period_is_an_error() -> None:
    day = date(2026, 1, 31)
    for count, index in ((0, 0), (1, -1)):
        with pytest.raises(ValueError, match="periods are counted"):
            period(day, Interval.MONTH, count, index)
    with pytest.raises(ValueError, match="before the first"):
        index_on(day, Interval.MONTH, 1, date(2026, 1, 30))
    with pytest.raises(ValueError, match="from 1 to 31"):
        anchor_for(32, day)
    with pytest.raises(OverflowError):
        period(day, Interval.YEAR, 1, 7973)
