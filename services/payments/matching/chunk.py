"""Matching a handful of orders of one organization: read once, plan one after the other, reserve and write at once."""

import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.matching.capacity import Calendar
from services.payments.matching.demand_repository import DemandRepository, Settled
from services.payments.matching.explanation_facts import FactsWriter
from services.payments.matching.models import Counts, WaitingOrder
from services.payments.matching.planning import Making, Planner, Verdict
from services.payments.matching.policy_models import Policy, local_day
from services.payments.matching.policy_repository import PolicyReader
from services.payments.matching.pool_repository import PoolReader
from services.payments.matching.pools import Pool
from services.payments.matching.reasons import reason_of
from services.payments.matching.run_repository import Decision, RunRepository
from services.payments.offers.capacity_repository import CapacityRepository, PeriodKey
from services.payments.offers.letters import OfferLetters
from services.payments.offers.models import NewOffer, NewOfferLine
from services.payments.offers.repository import OfferRepository
from shared.runtime.ids import uuid7

RETRY_AFTER: Final = timedelta(hours=24)
"""When an unmatched order is tried again though nothing has changed: days have passed, and capacity with them."""
PLANNING_S: Final = 5.0
"""So long a chunk plans; what it does not come to waits for the next one, so that no order of many lines holds a lane up."""
_TOKEN_BYTES: Final = 32


class Planners:
    """Puts planners together from what the database holds now."""

    def __init__(self, pools: PoolReader) -> None:
        self._pools = pools

    async def planner(
        self,
        organization_id: UUID,
        capabilities: Sequence[str],
        policy: Policy,
        today: date,
        *,
        excluded: frozenset[UUID] = frozenset(),
        but_for: UUID | None = None,
    ) -> Planner:
        """One for these capabilities. but_for: an order whose own reservations do not count."""
        members = await self._pools.members(organization_id, capabilities)
        reserved = await self._pools.reserved(organization_id, capabilities, today, but_for=but_for)
        calendar = Calendar(today)
        pools = [Pool(name, members[name], calendar, reserved[name]) for name in capabilities]
        return Planner(pools, policy, today, excluded=excluded)


@dataclass(frozen=True, slots=True)
class _Planned:
    """An order, and who makes it; nobody where there is no way."""

    order: WaitingOrder
    verdict: Verdict
    makings: Sequence[Making]

    def wanted(self) -> Mapping[PeriodKey, int]:
        """What it needs of each day or week."""
        units: dict[PeriodKey, int] = defaultdict(int)
        for making in self.makings:
            for day, number in making.taken:
                units[making.maker.manufacturer_id, making.line.capability, day] += number
        return units


class ChunkMatch:
    """Matches orders that are taken up. demands: reads as it writes, in one unit of work."""

    def __init__(
        self,
        demands: DemandRepository,
        planners: Planners,
        policies: PolicyReader,
        capacity: CapacityRepository,
        offers: OfferRepository,
        runs: RunRepository,
        letters: OfferLetters,
    ) -> None:
        self._demands = demands
        self._planners = planners
        self._policies = policies
        self._capacity = capacity
        self._offers = offers
        self._runs = runs
        self._letters = letters

    async def match(self, run_id: UUID, organization_id: UUID, order_ids: Sequence[UUID], now: datetime) -> Counts:
        """Make offers for these orders, which nobody else can take up meanwhile, or write why there is nobody to make one to."""
        policy = await self._policies.newest(organization_id)
        waiting = await self._demands.of_orders(order_ids)
        await self._put_aside(waiting, now)
        planned = await self._plan(organization_id, [one for one in waiting if one.wants and one.demand.lines], policy, now)
        kept = await self._reserve([one for one in planned if one.makings])
        unmatched = [one for one in planned if not one.makings]
        offers = [offer for one in kept for offer in _offers_of(one, run_id, organization_id, policy, now)]
        await self._offers.add(offers)
        await self._demands.settle([*map(_offered, kept), *(_unmatched(one, now) for one in unmatched)], now)
        await self._explain(run_id, organization_id, [*kept, *unmatched], policy, now)
        await self._letters.send(offers, {one.order.demand.order_id: one.order for one in kept}, policy)
        return Counts(len(planned), len(kept), len(unmatched), len(planned) - len(kept) - len(unmatched))

    async def _put_aside(self, waiting: Sequence[WaitingOrder], now: datetime) -> None:
        """Write where orders stand of which nothing is to be matched any more."""
        gone = [one.demand.order_id for one in waiting if not one.wants]
        in_hands = [one.demand.order_id for one in waiting if one.wants and not one.demand.lines]
        if gone:
            await self._demands.settle([Settled(order_id, "withdrawn") for order_id in gone], now)
        if in_hands:
            standing = await self._demands.settle_by_offers(in_hands, now)
            needless = [Settled(order_id, "not_needed") for order_id in in_hands if order_id not in standing]
            await self._demands.settle(needless, now)

    async def _plan(self, organization_id: UUID, orders: Sequence[WaitingOrder], policy: Policy, now: datetime) -> list[_Planned]:
        capabilities = sorted({line.capability for order in orders for line in order.demand.lines})
        planner = await self._planners.planner(organization_id, capabilities, policy, local_day(policy, now))
        planned: list[_Planned] = []
        until = time.monotonic() + PLANNING_S
        for order in orders:
            if planned and time.monotonic() > until:
                break
            verdict = planner.plan(order.demand)
            planned.append(_Planned(order, verdict, planner.reserve(verdict) if verdict.plans else ()))
        return planned

    async def _reserve(self, planned: Sequence[_Planned]) -> list[_Planned]:
        """Those whose capacity is reserved now. Of the others it was lowered after it was read; they wait on."""
        wanted = _sum(one.wanted() for one in planned)
        missing = await self._capacity.reserve(wanted)
        lost = [one for one in planned if missing & one.wanted().keys()]
        await self._capacity.give_back(
            {key: units for key, units in _sum(one.wanted() for one in lost).items() if key not in missing}
        )
        given_up = {one.order.demand.order_id for one in lost}
        return [one for one in planned if one.order.demand.order_id not in given_up]

    async def _explain(
        self, run_id: UUID, organization_id: UUID, planned: Sequence[_Planned], policy: Policy, now: datetime
    ) -> None:
        writer = FactsWriter(policy)
        decisions = [
            Decision(one.order.demand.order_id, "offered" if one.makings else "unmatched", writer.packed(one.verdict))
            for one in planned
        ]
        await self._runs.keep(run_id, organization_id, decisions, writer.pools, policy_number=policy.number, now=now)


def _sum(parts: Iterable[Mapping[PeriodKey, int]]) -> dict[PeriodKey, int]:
    total: dict[PeriodKey, int] = defaultdict(int)
    for part in parts:
        for key, units in part.items():
            total[key] += units
    return total


def _offers_of(one: _Planned, run_id: UUID, organization_id: UUID, policy: Policy, now: datetime) -> list[NewOffer]:
    """One for each manufacturer."""
    by_maker: dict[UUID, list[Making]] = defaultdict(list)
    for making in one.makings:
        by_maker[making.maker.manufacturer_id].append(making)
    return [
        NewOffer(
            id=uuid7(),
            organization_id=organization_id,
            order_id=one.order.demand.order_id,
            manufacturer_id=manufacturer_id,
            run_id=run_id,
            round=one.order.round + 1,
            currency=one.order.demand.currency,
            ready_on=max(making.ready_on for making in makings),
            expires_at=now + timedelta(minutes=policy.offer_minutes),
            created_at=now,
            token=secrets.token_urlsafe(_TOKEN_BYTES),
            lines=tuple(
                NewOfferLine(
                    making.line.number,
                    making.line.capability,
                    making.line.quantity,
                    making.maker.unit_price_minor,
                    tuple(making.taken),
                )
                for making in makings
            ),
        )
        for manufacturer_id, makings in sorted(by_maker.items())
    ]


def _offered(one: _Planned) -> Settled:
    return Settled(one.order.demand.order_id, "offered", rounds=1)


def _unmatched(one: _Planned, now: datetime) -> Settled:
    code, reason = reason_of(one.verdict)
    return Settled(one.order.demand.order_id, "unmatched", reason_code=code, reason=reason[:2000], retry_at=now + RETRY_AFTER)
