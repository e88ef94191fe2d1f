"""How many units can be made by a day."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.matching.capacity import Book, Calendar

MONDAY = date(2026, 3, 2)
THURSDAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("today", "until", "days", "weeks"),
    [
        (MONDAY, date(2026, 3, 1), 0, 0),
        (MONDAY, MONDAY, 1, 0),
        (MONDAY, date(2026, 3, 7), 6, 0),
        (MONDAY, date(2026, 3, 8), 7, 1),
        (THURSDAY, date(2026, 3, 8), 4, 1),
        (THURSDAY, date(2026, 3, 14), 10, 1),
        (THURSDAY, date(2026, 3, 15), 11, 2),
    ],
)
def test_day_or_week_counts_when_it_is_over_by_the_wanted_date(today: date, until: date, days: int, weeks: int) -> None:
    calendar = Calendar(today)

    assert (calendar.periods_until("day", until), calendar.periods_until("week", until)) == (days, weeks)


def test_weeks_begin_on_monday_and_the_present_one_is_the_first() -> None:
    calendar = Calendar(THURSDAY)

    assert [calendar.starts_on("week", index) for index in (0, 1)] == [MONDAY, date(2026, 3, 9)]
    assert (calendar.ends_on("week", 0), calendar.ends_on("day", 0)) == (date(2026, 3, 8), THURSDAY)


def test_what_is_reserved_is_not_free_and_the_rest_is_taken_from_the_earliest_weeks() -> None:
    book = Book.of(Calendar(THURSDAY), "week", 100, {MONDAY: 90, date(2026, 3, 9): 40, date(2026, 2, 23): 100})

    assert [book.free(weeks) for weeks in (0, 1, 2, 3)] == [0, 10, 70, 170]
    assert book.take(75, 3) == [(0, 10), (1, 60), (2, 5)]
    assert [book.free(weeks) for weeks in (1, 2, 3)] == [0, 0, 95]


def test_capacity_that_was_lowered_below_what_is_promised_leaves_nothing_and_no_debt() -> None:
    book = Book(50, [80, 0])

    assert [book.free(weeks) for weeks in (1, 2)] == [0, 50]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 50), st.lists(st.integers(0, 60), max_size=6), st.integers(1, 8), st.data())
def test_what_is_taken_is_what_is_less_free_and_no_period_is_overdrawn(
    units: int, taken: list[int], periods: int, data: st.DataObject
) -> None:
    book = Book(units, taken)
    before = [book.free(count) for count in range(9)]
    quantity = data.draw(st.integers(0, book.free(periods)))

    found = book.take(quantity, periods)

    after = [book.free(count) for count in range(9)]
    drawn = dict(found)
    assert sum(drawn.values()) == quantity
    assert after == [free - sum(drawn.get(index, 0) for index in range(count)) for count, free in enumerate(before)]
    assert all(0 <= later - earlier <= units for earlier, later in pairwise(after))
