"""Finding the manufacturers of an order: hard rules, scores, the fewest of them together.

It works on pools that were read before and keeps what it reserves in them, so that a chunk of orders is matched one after the
other without asking the database in between. Nothing of it is kept unless somebody writes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.payments.matching.capacity import Calendar
from services.payments.matching.filters import Sifted, Window, sift, window_of
from services.payments.matching.policy_models import Policy
from services.payments.matching.pool_models import Demand, DemandLine, Member
from services.payments.matching.pools import Pool
from services.payments.matching.scores import Rated, Scores
from services.payments.matching.splits import Plan, SplitLine, SplitSearch

PLANS_KEPT: Final = 5
"""The chosen plan and its runners-up."""


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """What became of the members of a line's pool."""

    line: DemandLine
    pool: Pool
    sifted: Sifted
    rated: Rated


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an order can be made.

    plans: the chosen one and its runners-up, none where there is no way. complete: whether the search saw every plan. makers:
    the manufacturers that plans name by their places.
    """

    demand: Demand
    window: Window
    lines: Sequence[LineVerdict]
    plans: Sequence[Plan]
    complete: bool
    makers: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Making:
    """A line in the hands of a manufacturer. taken: units by the first day of the period. ready_on: of all of them."""

    line: DemandLine
    maker: Member
    taken: Sequence[tuple[date, int]]
    ready_on: date


class Planner:
    """Plans orders of one organization on one day. excluded: manufacturers that the question leaves out."""

    def __init__(self, pools: Iterable[Pool], policy: Policy, today: date, *, excluded: frozenset[UUID] = frozenset()) -> None:
        self._pools = {pool.capability: pool for pool in pools}
        self._policy = policy
        self._calendar = Calendar(today)
        self._excluded = excluded
        self._scores = Scores(policy.weights, policy.distance_limit_km)
        self._makers = sorted({member.manufacturer_id for pool in self._pools.values() for member in pool.members})
        place_of = {maker: place for place, maker in enumerate(self._makers)}
        self._places = {
            pool.capability: [place_of[member.manufacturer_id] for member in pool.members] for pool in self._pools.values()
        }
        self._place_of: Mapping[UUID, int] = place_of

    def plan(self, demand: Demand) -> Verdict:
        """Find who can make an order, by what is free now."""
        until = demand.wanted_on or self._calendar.today + timedelta(days=self._policy.horizon_days)
        window = window_of(self._calendar, until)
        lines = [self._judge(demand, line, window) for line in demand.lines]
        partners = frozenset(self._place_of[one] for one in demand.partners if one in self._place_of)
        # Partners that can make nothing of what is wanted still count as manufacturers of the order.
        most = self._policy.most_manufacturers - (len(demand.partners) - len(partners))
        kinds = Counter(line.capability for line in demand.lines)
        choices = [self._as_choice(one, is_contested=kinds[one.line.capability] > 1) for one in lines]
        search = SplitSearch(choices, partners=partners, most=most, keep=PLANS_KEPT)
        found = search.run()
        return Verdict(demand, window, lines, found.plans, found.complete, self._makers)

    def reserve(self, verdict: Verdict) -> list[Making]:
        """Take the capacity that the chosen plan needs, in the pools alone."""
        made = []
        for judged, place in zip(verdict.lines, verdict.plans[0].choice, strict=True):
            position = judged.pool.position_of[self._makers[place]]
            member = judged.pool.members[position]
            kind = member.capacity_period
            taken = judged.pool.books[position].take(judged.line.quantity, verdict.window.periods(kind))
            ready_on = max(
                self._calendar.today + timedelta(days=member.lead_time_days), self._calendar.ends_on(kind, taken[-1][0])
            )
            by_day = [(self._calendar.starts_on(kind, index), units) for index, units in taken]
            made.append(Making(judged.line, member, by_day, ready_on))
        return made

    def _judge(self, demand: Demand, line: DemandLine, window: Window) -> LineVerdict:
        pool = self._pools.get(line.capability)
        if pool is None:
            pool = self._pools[line.capability] = Pool(line.capability, (), self._calendar)
            self._places[line.capability] = []
        sifted = sift(pool, demand, line, window, self._excluded)
        return LineVerdict(line, pool, sifted, self._scores.rate(pool, sifted.passed, demand, line, window))

    def _as_choice(self, judged: LineVerdict, *, is_contested: bool) -> SplitLine:
        places, able = self._places[judged.line.capability], judged.rated.able
        options = {places[rating[0]]: rating[1] for rating in able}
        free = {places[rating[0]]: rating[5] for rating in able} if is_contested else {}
        return SplitLine(judged.line.capability, judged.line.quantity, options, free)
