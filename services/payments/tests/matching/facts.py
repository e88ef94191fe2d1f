"""Members, demands and planners as the tests of the pure parts need them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.payments.matching.capacity import Calendar
from services.payments.matching.planning import Planner
from services.payments.matching.policy_models import Policy
from services.payments.matching.pool_models import Demand, DemandLine, Member, Place, Reserved
from services.payments.matching.pools import Pool

MONDAY: Final = date(2026, 3, 2)
PUNE: Final = Place(18.5204, 73.8567)
MUMBAI: Final = Place(19.0760, 72.8777)
_USUAL: Final[Mapping[str, Any]] = {
    "unit_price_minor": 10_000,
    "currency": "INR",
    "minimum_quantity": 1,
    "lead_time_days": 5,
    "capacity_units": 100,
    "capacity_period": "week",
    "latitude": PUNE.latitude,
    "longitude": PUNE.longitude,
    "serves": None,
    "active": True,
    "blocked": False,
    "quality_bp": 9_500,
    "on_time_bp": 8_000,
}


def maker(number: int) -> UUID:
    """The id of a manufacturer; a lower number is a lower id."""
    return UUID(int=number)


def member(number: int = 1, **terms: Any) -> Member:
    """A manufacturer on the usual terms, but for what is named."""
    return Member(manufacturer_id=maker(number), **{**_USUAL, **terms})


def demand(*lines: tuple[str, int], **facts: Any) -> Demand:
    """An order of these lines that is wanted in Pune by Friday in two weeks, but for what is named."""
    usual = {"currency": "INR", "state_code": "27", "place": PUNE, "wanted_on": date(2026, 3, 20)}
    numbered = [DemandLine(number, kind, quantity) for number, (kind, quantity) in enumerate(lines, start=1)]
    return Demand(order_id=UUID(int=99), **{**usual, "lines": numbered, **facts})


def planner(
    pools: Mapping[str, Sequence[Member]],
    policy: Policy | None = None,
    reserved: Mapping[UUID, Reserved] | None = None,
    excluded: frozenset[UUID] = frozenset(),
) -> Planner:
    """A planner on a Monday. reserved: in each of the pools."""
    calendar = Calendar(MONDAY)
    made = [Pool(kind, members, calendar, reserved) for kind, members in pools.items()]
    return Planner(made, policy or Policy(), MONDAY, excluded=excluded)
