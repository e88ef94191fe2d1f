"""How good a manufacturer is for a line of an order: six terms of 0 to 10,000 basis points, weighted as the policy says.

price      the cheapest unit price of the capability in the order's currency, divided by this one
lead_time  which share of the days until the wanted date is left after the lead time
distance   10,000 on the spot, 0 from the policy's limit on; 0 for all where it is not known whereto
quality    the share of delivered units that were good
on_time    the share of deliveries that came by the promised day
load       which share of the capacity until the wanted date is free

All of it is integers, so that equal candidates are equal everywhere; of those, the lower id goes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.payments.matching.distances import Vector, distance_km, vector_of
from services.payments.matching.filters import MAX_DAYS, Window
from services.payments.matching.policy_models import Weights
from services.payments.matching.pool_models import FULL_BP, Demand, DemandLine
from services.payments.matching.pools import Pool, positions_of

Rating = tuple[int, int, int, int, int, int]
"""(position, sum of the weighted terms, lead_time, distance, load, free units until the wanted date) of a member."""


@dataclass(slots=True)
class Rated:
    """The members of a pool that passed every other rule, by their positions.

    able: those with the capacity. short: those without it, and the units that they have.
    """

    able: list[Rating] = field(default_factory=list)
    short: list[tuple[int, int]] = field(default_factory=list)


class PoolRates:
    """What of a pool's scores does not depend on the order, worked out once: (what is fixed of the weighted sum, where it is,
    lead time, units in a period, whether that is a day) of each member."""

    def __init__(self, pool: Pool, currency: str, weights: Weights) -> None:
        cheapest = pool.cheapest(currency)
        self.members: Sequence[tuple[int, Vector, int, int, bool]] = [
            (
                weights.price * price_bp(cheapest, one.unit_price_minor)
                + weights.quality * one.quality_bp
                + weights.on_time * one.on_time_bp,
                vector_of(one.latitude, one.longitude),
                one.lead_time_days,
                one.capacity_units,
                one.capacity_period == "day",
            )
            for one in pool.members
        ]


def price_bp(cheapest_minor: int, unit_price_minor: int) -> int:
    """How near a price is to the lowest one."""
    return FULL_BP * min(cheapest_minor, unit_price_minor) // unit_price_minor


class Scores:
    """Rates the members of pools. distance_limit_km: from there on, distance counts nothing."""

    def __init__(self, weights: Weights, distance_limit_km: int) -> None:
        self._weights = weights
        self._limit_km = distance_limit_km
        self._rates: dict[tuple[str, str], PoolRates] = {}

    def rate(self, pool: Pool, passed: int, demand: Demand, line: DemandLine, window: Window) -> Rated:
        """Score those of a mask who have the capacity."""
        rates, books = self._rates_of(pool, demand.currency).members, pool.books
        quantity, days, limit = line.quantity, window.days, self._limit_km
        of_lead_time, of_distance, of_load = self._weights.lead_time, self._weights.distance, self._weights.load
        there = vector_of(demand.place.latitude, demand.place.longitude) if demand.place is not None else None
        lead_times = [FULL_BP * (days - needed) // days for needed in range(min(days, MAX_DAYS) + 1)] if days > 0 else [0]
        rated = Rated()
        # The innermost loop of a run, gone through a hundred times for each line.
        for position in positions_of(passed):
            fixed, here, needed, units, by_day = rates[position]
            periods = window.day_periods if by_day else window.week_periods
            free = books[position].free(periods)
            if free < quantity:
                rated.short.append((position, free))
                continue
            lead_time, distance = lead_times[needed], 0
            if there is not None and (km := distance_km(here, there)) < limit:
                distance = FULL_BP * (limit - km) // limit
            load = FULL_BP * free // (units * periods)
            weighted = fixed + of_lead_time * lead_time + of_distance * distance + of_load * load
            rated.able.append((position, weighted, lead_time, distance, load, free))
        return rated

    def _rates_of(self, pool: Pool, currency: str) -> PoolRates:
        key = (pool.capability, currency)
        if key not in self._rates:
            self._rates[key] = PoolRates(pool, currency, self._weights)
        return self._rates[key]
