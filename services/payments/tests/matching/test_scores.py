"""Each term of a score by an exact example, and what the weights do to them."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.matching.distances import distance_km, vector_of
from services.payments.matching.policy_models import TERMS, Policy, Weights
from services.payments.matching.pool_models import Member, Place
from services.payments.tests.matching.facts import MONDAY, MUMBAI, PUNE, demand, maker, member, planner

NOTHING = dict.fromkeys(TERMS, 0)


def alone(term: str) -> Policy:
    """A policy by which nothing counts but one term."""
    return Policy(weights=Weights(**{**NOTHING, term: 1}))


def scores(term: str, *members: Member, quantity: int = 10, reserved: Any = None, **wanted: Any) -> list[int]:
    """One term of each member, in basis points."""
    ready = planner({"milling": members}, alone(term), reserved)
    (line,) = ready.plan(demand(("milling", quantity), **wanted)).lines
    return [weighted for _, weighted, *_ in line.rated.able]


def test_price_is_measured_by_the_cheapest_that_may_be_asked() -> None:
    members = [
        member(1, unit_price_minor=8_000),
        member(2, unit_price_minor=10_000),
        member(3, unit_price_minor=12_345),
        member(4, unit_price_minor=100, active=False),
        member(5, unit_price_minor=100, currency="USD"),
    ]

    assert scores("price", *members) == [10_000, 8_000, 6_480]


def test_lead_time_is_measured_by_the_days_that_are_left() -> None:
    members = [member(number, lead_time_days=days) for number, days in ((1, 0), (2, 9), (3, 18))]

    assert scores("lead_time", *members) == [10_000, 5_000, 0]
    assert scores("lead_time", member(1, lead_time_days=0, capacity_period="day"), wanted_on=MONDAY) == [0]


def test_distance_falls_to_nothing_at_the_policys_limit() -> None:
    # 120 of 2,000 km.
    near, far = member(1, latitude=MUMBAI.latitude, longitude=MUMBAI.longitude), member(2, latitude=51.5, longitude=0.0)

    assert scores("distance", member(3), near, far) == [9_400, 0, 10_000]
    assert scores("distance", near, place=None) == [0]


def test_quality_and_punctuality_are_those_of_past_deliveries() -> None:
    assert scores("quality", member(1, quality_bp=9_947)) == [9_947]
    assert scores("on_time", member(1, on_time_bp=9_111)) == [9_111]


def test_load_is_the_free_share_of_the_capacity_until_the_wanted_date() -> None:
    members = [member(1), member(2), member(3, capacity_units=40, capacity_period="day")]

    # Two weeks of 100, of the second one's 50 reserved.
    assert scores("load", *members, reserved={maker(2): {MONDAY: 50}}) == [10_000, 7_500, 10_000]


def test_weights_are_multiplied_and_the_better_sum_is_chosen() -> None:
    cheap, good = member(1, unit_price_minor=5_000, quality_bp=6_000), member(2, unit_price_minor=10_000, quality_bp=9_000)
    by_price, by_quality = Weights(**{**NOTHING, "price": 2, "quality": 1}), Weights(**{**NOTHING, "price": 1, "quality": 9})

    def ranked(weights: Weights) -> list[tuple[int, tuple[int, ...]]]:
        verdict = planner({"milling": [cheap, good]}, Policy(weights=weights)).plan(demand(("milling", 1)))
        return [(plan.score, plan.added) for plan in verdict.plans]

    assert ranked(by_price) == [(2 * 10_000 + 6_000, (0,)), (2 * 5_000 + 9_000, (1,))]
    assert ranked(by_quality) == [(5_000 + 9 * 9_000, (1,)), (10_000 + 9 * 6_000, (0,))]


def test_of_equal_candidates_the_lower_id_is_chosen_however_they_are_read() -> None:
    for members in ([member(7), member(3)], [member(3), member(7)]):
        verdict = planner({"milling": members}).plan(demand(("milling", 1)))

        assert [verdict.makers[plan.added[0]] for plan in verdict.plans] == [maker(3), maker(7)]


def test_later_order_sees_what_the_earlier_one_has_taken() -> None:
    ready = planner({"milling": [member(1), member(2)]}, alone("load"))
    first = ready.plan(demand(("milling", 150)))

    (making,) = ready.reserve(first)
    second = ready.plan(demand(("milling", 150)))

    assert (making.maker.manufacturer_id, making.ready_on) == (maker(1), date(2026, 3, 15))
    assert making.taken == [(MONDAY, 100), (date(2026, 3, 9), 50)]
    assert [second.makers[plan.added[0]] for plan in second.plans] == [maker(2)]


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        (PUNE, PUNE, 0),
        (PUNE, MUMBAI, 120),
        (Place(28.6139, 77.2090), Place(13.0827, 80.2707), 1755),
        (Place(0, 0), Place(0, 180), 20_015),
        (Place(90, 0), Place(-90, 77), 20_015),
    ],
)
def test_distances_are_those_on_the_globe(here: Place, there: Place, km: int) -> None:
    assert distance_km(vector_of(here.latitude, here.longitude), vector_of(there.latitude, there.longitude)) == km


@settings(max_examples=50, deadline=None)
@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_every_distance_is_one_and_the_same_both_ways(north: float, east: float, other_north: float, other_east: float) -> None:
    one, other = vector_of(north, east), vector_of(other_north, other_east)

    assert distance_km(one, other) == distance_km(other, one)
    assert 0 <= distance_km(one, other) <= 20_016
