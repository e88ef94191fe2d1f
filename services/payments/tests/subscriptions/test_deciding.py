"""Periods of subscriptions: no gap, no overlap, each dealt with once, whatever the anchor, the zone and the runs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.orders.models import Terms as Supply
from services.payments.periods.anchors import anchor_for
from services.payments.periods.models import Interval, Period
from services.payments.periods.zones import midnight
from services.payments.plans.models import PlanLine, Terms
from services.payments.subscriptions.billing import bill, share
from services.payments.subscriptions.deciding import decide
from services.payments.subscriptions.due_models import HELD_BEHIND, Due
from services.payments.subscriptions.models import Adjustment

ONE = UUID(int=1)
UNTAXED = Supply("INR", "untaxed", None, None, 1)
ZONES = ("Asia/Kolkata", "America/New_York", "Pacific/Apia", "Africa/Cairo", "America/Sao_Paulo", "Asia/Kathmandu", "UTC")
YEARS = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def terms(interval: Interval = Interval.MONTH, count: int = 1, price: int = 100_000, *, delivers: bool = False) -> Terms:
    """Of a plan with one line."""
    return Terms(ONE, "Pro", "INR", interval, count, delivers, (PlanLine(None, "Pro", "998439", 1, price, 0),))


def due(anchor: date, start: date, zone: str, of: Terms) -> Due:
    """An active subscription of one."""
    return Due(ONE, ONE, ONE, "active", zone, anchor, start, 1, of, ONE, UNTAXED)


@settings(deadline=None, max_examples=60)
@given(
    day=st.integers(1, 31),
    start=YEARS,
    zone=st.sampled_from(ZONES),
    rhythm=st.sampled_from([(Interval.MONTH, 1), (Interval.MONTH, 3), (Interval.YEAR, 1)]),
    steps=st.lists(st.integers(0, 60), min_size=40, max_size=140),
)
def test_eight_years_have_no_gap_and_no_overlap(
    day: int, start: date, zone: str, rhythm: tuple[Interval, int], steps: list[int]
) -> None:
    one = due(anchor_for(day, start), start, zone, terms(*rhythm))
    now = datetime.combine(start, datetime.min.time(), UTC)
    found: list[Period] = []
    for step in steps:
        now += timedelta(days=step, hours=7)
        for _ in range(2):
            done = decide(one, now)
            found += [billed.bill.period for billed in done.billed]
            one = done.due
            assert found == [] or midnight(found[-1].start, zone) <= now
    assert one.next_period_start > now.astimezone(UTC).date() - timedelta(days=1)
    assert found == [] or found[0].start == start
    assert all(earlier.end == later.start for earlier, later in pairwise(found))
    assert all(period.start.day == day or (period.start + timedelta(days=1)).day == 1 for period in found[1:])
    assert found == [] or one.next_period_start == found[-1].end


@settings(deadline=None, max_examples=100)
@given(start=YEARS, cut=st.integers(1, 364), price=st.integers(0, 10**9), interval=st.sampled_from(list(Interval)))
def test_parts_of_a_period_add_up_to_it(start: date, cut: int, price: int, interval: Interval) -> None:
    whole = Period(start, start + timedelta(days={"day": 2, "week": 7, "month": 31, "year": 365}[interval]))
    middle = min(start + timedelta(days=cut), whole.end - timedelta(days=1))

    used = share(price, Period(whole.start, middle), whole)
    left = price - used

    assert 0 <= used <= price
    assert abs(left - share(price, Period(middle, whole.end), whole)) <= 1


@settings(deadline=None, max_examples=100)
@given(
    price=st.integers(0, 10**6),
    open_minor=st.lists(st.integers(-(10**6), 10**6).filter(bool), max_size=4),
)
def test_what_changes_left_open_is_taken_once_and_never_more_than_there_is(price: int, open_minor: list[int]) -> None:
    whole = Period(date(2026, 3, 1), date(2026, 4, 1))
    adjustments = tuple(Adjustment(UUID(int=n), "x", "998439", 0, amount) for n, amount in enumerate(open_minor))

    one = bill(terms(price=price), 1, whole, whole, UNTAXED, adjustments)

    charged = price + sum(amount for amount in open_minor if amount > 0)
    credit = -sum(amount for amount in open_minor if amount < 0)
    assert one.total_minor == max(charged - credit, 0)
    assert one.total_minor == price + sum(one.taken.values())


def test_another_rhythm_is_counted_from_where_it_begins() -> None:
    one = replace(due(date(2026, 1, 31), date(2026, 2, 28), "Asia/Kolkata", terms()), next_terms=terms(Interval.WEEK, 2))

    done = decide(one, datetime(2026, 3, 20, tzinfo=UTC))

    assert [billed.bill.period.start for billed in done.billed] == [date(2026, 2, 28), date(2026, 3, 14)]
    assert (done.due.anchor, done.due.next_terms) == (date(2026, 2, 28), None)


def test_29_february_is_the_28th_in_other_years() -> None:
    one = due(date(2024, 2, 29), date(2024, 2, 29), "Asia/Kolkata", terms(Interval.YEAR))

    done = decide(one, datetime(2028, 3, 1, tzinfo=UTC))

    starts = [billed.bill.period.start for billed in done.billed]
    assert starts == [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


def test_catching_up_stops_at_its_bound() -> None:
    one = due(date(2026, 1, 1), date(2026, 1, 1), "Asia/Kolkata", terms(Interval.DAY))

    done = decide(one, datetime(2026, 6, 1, tzinfo=UTC))
    again = decide(done.due, datetime(2026, 1, 31, tzinfo=UTC))

    assert (len(done.billed), done.held_reason, done.due.next_period_start) == (31, HELD_BEHIND, date(2026, 2, 1))
    assert (list(again.billed), again.held_reason) == ([], None)
