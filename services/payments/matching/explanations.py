"""Reading decisions, and asking how one would be made."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from services.payments.matching.chunk import Planners
from services.payments.matching.demand_repository import DemandReader
from services.payments.matching.errors import ExplanationNotFound, NothingToMatch, OrderNotFound
from services.payments.matching.explanation_facts import FactsWriter, member_of, unpacked
from services.payments.matching.explanation_view import DecisionView
from services.payments.matching.models import MatchExplanation
from services.payments.matching.policy_models import Policy, local_day
from services.payments.matching.policy_repository import PolicyReader
from services.payments.matching.pool_models import Demand, DemandLine, Member, Place
from services.payments.matching.run_repository import RunReader
from services.payments.matching.schemas import Explanation, WhatIf, WhatIfOrder
from services.payments.offers.contact_repository import ContactReader
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7


class Explanations:
    """Reads decisions. organization_id: None for a caller who sees everybody's."""

    def __init__(self, runs: RunReader, contacts: ContactReader, organization_id: UUID | None) -> None:
        self._runs = runs
        self._contacts = contacts
        self._organization_id = organization_id

    async def newest(self, order_id: UUID) -> Explanation:
        """The newest decision about an order. Raises ExplanationNotFound where nothing was ever decided."""
        found = await self._runs.explanations(order_id, self._organization_id, before=None, limit=1)
        if not found:
            raise ExplanationNotFound("nothing was decided about an order of this id yet; POST …/match does it now")
        return await self._shown(found[0])

    async def one(self, explanation_id: UUID) -> Explanation:
        """A decision. Raises ExplanationNotFound."""
        found = await self._runs.explanation(explanation_id, self._organization_id)
        if found is None:
            raise ExplanationNotFound("there is no decision of this id; GET /v1/matching/orders/{id}/explanations lists them")
        return await self._shown(found)

    async def _shown(self, one: MatchExplanation) -> Explanation:
        facts = unpacked(one.facts)
        digests = sorted({line["pool"] for line in facts["lines"]})
        kept = await self._runs.pools(one.organization_id, [bytes.fromhex(digest) for digest in digests])
        pools = {pool.digest.hex(): [member_of(member) for member in pool.members] for pool in kept}
        view = DecisionView(facts, pools, await names_of(self._contacts, pools))
        return view.explanation(explanation_id=one.id, order_id=one.order_id, run_id=one.run_id, decided_at=one.decided_at)


async def names_of(contacts: ContactReader, pools: Mapping[str, Sequence[Member]]) -> Mapping[UUID, str]:
    """How the members are called now."""
    found = await contacts.of({member.manufacturer_id for members in pools.values() for member in members})
    return {manufacturer_id: contact.name for manufacturer_id, contact in found.items()}


class WhatIfs:
    """Answers how an order would be matched, by the code that matches it, and writes nothing."""

    def __init__(
        self, demands: DemandReader, planners: Planners, policies: PolicyReader, contacts: ContactReader, clock: Clock
    ) -> None:
        self._demands = demands
        self._planners = planners
        self._policies = policies
        self._contacts = contacts
        self._clock = clock

    async def answer(self, question: WhatIf, organization_id: UUID) -> Explanation:
        """The decision that would be made. Raises OrderNotFound, and NothingToMatch for an order of which nothing is made."""
        now = self._clock()
        demand = await self._demand(question, organization_id)
        policy = _changed(await self._policies.newest(organization_id), question)
        capabilities = sorted({line.capability for line in demand.lines})
        planner = await self._planners.planner(
            organization_id,
            capabilities,
            policy,
            local_day(policy, now),
            excluded=frozenset(question.excluded_manufacturers),
            but_for=question.order_id,
        )
        writer = FactsWriter(policy)
        facts = unpacked(writer.packed(planner.plan(demand)))
        pools = {pool.digest.hex(): [member_of(member) for member in orjson.loads(pool.members)] for pool in writer.pools}
        view = DecisionView(facts, pools, await names_of(self._contacts, pools))
        return view.explanation(explanation_id=None, order_id=question.order_id, run_id=None, decided_at=now)

    async def _demand(self, question: WhatIf, organization_id: UUID) -> Demand:
        if question.order is not None:
            return _made_up(question.order)
        assert question.order_id is not None, "the question names one of the two"
        if await self._demands.organization_of(question.order_id, organization_id) is None:
            raise OrderNotFound("there is no order of this id; GET /v1/orders lists them")
        (order,) = await self._demands.of_orders([question.order_id], whole=True)
        if not order.demand.lines:
            raise NothingToMatch("no line of the order has anything left that a manufacturer makes")
        return order.demand


def _changed(policy: Policy, question: WhatIf) -> Policy:
    changes: dict[str, Any] = {}
    if question.weights is not None:
        changes["weights"] = question.weights.weights()
    if question.most_manufacturers is not None:
        changes["most_manufacturers"] = question.most_manufacturers
    return dataclasses.replace(policy, **changes)


def _made_up(order: WhatIfOrder) -> Demand:
    place = None
    if order.latitude is not None and order.longitude is not None:
        place = Place(order.latitude, order.longitude)
    return Demand(
        order_id=uuid7(),
        currency=order.currency,
        state_code=order.state_code,
        place=place,
        wanted_on=order.wanted_on,
        lines=[DemandLine(number, line.capability, line.quantity) for number, line in enumerate(order.lines, start=1)],
    )
