"""Each hard rule by an exact example, and which of them is told."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from services.payments.matching.filters import RULES
from services.payments.matching.pool_models import DemandLine
from services.payments.matching.pools import positions_of
from services.payments.matching.reasons import reason_of
from services.payments.tests.matching.facts import MONDAY, demand, maker, member, planner

LEFT_OUT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # rule, the manufacturer that it leaves out, and the nearest one that it does not
    ("active", {"active": False}, {}),
    ("blocked", {"blocked": True}, {}),
    ("currency", {"currency": "USD"}, {"currency": "INR"}),
    ("region", {"serves": frozenset({"29"})}, {"serves": frozenset({"27", "29"})}),
    ("minimum_quantity", {"minimum_quantity": 101}, {"minimum_quantity": 100}),
    ("lead_time", {"lead_time_days": 19}, {"lead_time_days": 18}),
    # Until Friday the 20th two whole weeks are over, or nineteen days.
    ("capacity", {"capacity_units": 49}, {"capacity_units": 50}),
    ("capacity", {"capacity_units": 5, "capacity_period": "day"}, {"capacity_units": 6, "capacity_period": "day"}),
]


def told(number: int, pools: Any, wanted: Any, **question: Any) -> list[str]:
    """The rules that leave a member out, by its number in the pool."""
    (line,) = planner(pools, **question).plan(wanted).lines
    by_rule: dict[str, list[int]] = {rule: list(positions_of(mask)) for rule, mask in line.sifted.refused.items()}
    by_rule["capacity"] = [position for position, _ in line.rated.short]
    return [rule for rule in RULES if number in by_rule.get(rule, ())]


@pytest.mark.parametrize(("rule", "bad", "good"), LEFT_OUT)
def test_rule_leaves_out_the_one_and_not_the_nearest_that_meets_it(
    rule: str, bad: Mapping[str, Any], good: Mapping[str, Any]
) -> None:
    pools, wanted = {"milling": [member(1, **bad), member(2, **good)]}, demand(("milling", 100))

    assert told(0, pools, wanted) == [rule]
    assert told(1, pools, wanted) == []
    assert [plan.added for plan in planner(pools).plan(wanted).plans] == [(1,)]


def test_who_was_asked_before_or_is_excluded_by_the_question_is_left_out() -> None:
    pools = {"milling": [member(number) for number in (1, 2, 3)]}
    wanted = demand(lines=[DemandLine(1, "milling", 10, frozenset({maker(1)}))])

    rules = [told(number, pools, wanted, excluded=frozenset({maker(2)})) for number in range(3)]

    assert rules == [["asked_before"], ["excluded"], []]


def test_first_rule_in_their_order_is_told() -> None:
    pools = {"milling": [member(1, active=False, currency="USD", lead_time_days=100, capacity_units=0)]}

    assert told(0, pools, demand(("milling", 100))) == ["active"]


@pytest.mark.parametrize(("state_code", "everywhere", "somewhere"), [("27", [], []), (None, [], ["region"])])
def test_order_of_no_known_state_goes_to_those_who_deliver_everywhere(
    state_code: str | None, everywhere: list[str], somewhere: list[str]
) -> None:
    pools, wanted = {"milling": [member(1), member(2, serves=frozenset({"27"}))]}, demand(("milling", 1), state_code=state_code)

    assert [told(number, pools, wanted) for number in (0, 1)] == [everywhere, somewhere]


def test_what_others_have_reserved_is_not_free() -> None:
    pools, reserved = {"milling": [member(1)]}, {maker(1): {MONDAY: 60, date(2026, 3, 9): 30}}

    assert told(0, pools, demand(("milling", 110)), reserved=reserved) == []
    assert told(0, pools, demand(("milling", 111)), reserved=reserved) == ["capacity"]


def test_order_without_a_wanted_date_looks_as_far_as_the_policy_says() -> None:
    pools = {"milling": [member(1)]}

    # Until the 60th day eight weeks are over.
    assert told(0, pools, demand(("milling", 800), wanted_on=None)) == []
    assert told(0, pools, demand(("milling", 801), wanted_on=None)) == ["capacity"]


def test_capacity_is_promised_for_two_years_at_most() -> None:
    pools = {"milling": [member(1, capacity_units=1, capacity_period="day")]}

    assert told(0, pools, demand(("milling", 731), wanted_on=date.max)) == []
    assert told(0, pools, demand(("milling", 732), wanted_on=date.max)) == ["capacity"]


def test_reason_counts_who_was_left_out_by_which_rule() -> None:
    members = [member(1, active=False), member(2, lead_time_days=30), member(3, lead_time_days=40), member(4, capacity_units=1)]
    verdict = planner({"milling": members}).plan(demand(("milling", 100), ("welding", 5)))

    code, reason = reason_of(verdict)

    assert code == "no_manufacturer"
    assert reason == (
        "Line 1, 100 of milling until 2026-03-20: of 4 manufacturers 1 not active, 2 in need of more than 18 days, 1 without so"
        " many free. Line 2, 5 of welding until 2026-03-20: no manufacturer can make it."
    )


def test_reason_for_a_day_that_is_past_says_so() -> None:
    verdict = planner({"milling": [member(1, lead_time_days=0)]}).plan(demand(("milling", 1), wanted_on=date(2026, 3, 1)))

    assert reason_of(verdict)[1].endswith("of 1 manufacturers 1 too late, because 2026-03-01 is past.")


def test_reason_where_too_many_manufacturers_are_needed() -> None:
    pools = {kind: [member(number)] for number, kind in enumerate("abcd", start=1)}

    code, reason = reason_of(planner(pools).plan(demand(*((kind, 1) for kind in "abcd"))))

    assert code == "too_many_needed"
    assert reason.startswith("Each line has a manufacturer, but not as few together as the policy allows for one order.")
