"""Decisions as people read them: names in the place of positions, sentences in the place of numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.payments.matching.capacity import Calendar
from services.payments.matching.distances import distance_km, vector_of
from services.payments.matching.filters import RULES, window_of
from services.payments.matching.policy_models import Weights
from services.payments.matching.policy_schemas import WeightsIn
from services.payments.matching.pool_models import FULL_BP, Member
from services.payments.matching.pools import positions_of
from services.payments.matching.reasons import Asked, member_says, rule_says
from services.payments.matching.schemas import (
    Candidate,
    Explanation,
    LeftOut,
    LineExplanation,
    Named,
    PlanLine,
    PlanOut,
    PolicyUsed,
    Term,
)
from services.payments.matching.scores import Rating, price_bp
from services.payments.money.formatting import show
from shared.contracts.money import Money

Pools = Mapping[str, Sequence[Member]]
"""Members by the hash of their pool, in hexadecimal."""


class DecisionView:
    """One decision. facts: as they were kept. names: of manufacturers that are still there."""

    def __init__(self, facts: Mapping[str, Any], pools: Pools, names: Mapping[UUID, str]) -> None:
        self._facts = facts
        self._pools = pools
        self._names = names
        self._weights = Weights(**facts["policy"]["weights"])
        self._today = date.fromisoformat(facts["today"])
        self._until = date.fromisoformat(facts["until"])

    def explanation(
        self, *, explanation_id: UUID | None, order_id: UUID | None, run_id: UUID | None, decided_at: datetime
    ) -> Explanation:
        """The whole of it."""
        facts, policy = self._facts, self._facts["policy"]
        return Explanation(
            id=explanation_id,
            order_id=order_id,
            run_id=run_id,
            decided_at=decided_at,
            outcome="offered" if facts["plans"] else "unmatched",
            summary=self._summary(),
            policy=PolicyUsed(
                number=policy["number"],
                weights=WeightsIn.model_validate(self._weights),
                most_manufacturers=policy["most_manufacturers"],
                distance_limit_km=policy["distance_limit_km"],
            ),
            currency=facts["currency"],
            state_code=facts["state_code"],
            today=self._today,
            until=self._until,
            lines=[self._line(line) for line in facts["lines"]],
            plans=[self._plan(rank, plan) for rank, plan in enumerate(facts["plans"], start=1)],
            complete=facts["complete"],
        )

    def _summary(self) -> str:
        if not self._facts["plans"]:
            return str(self._facts["reason"])
        lines = len(self._facts["lines"])
        count = len({member.manufacturer_id for member in self._makers(self._facts["plans"][0])})
        who = "One manufacturer makes" if count == 1 else f"{count} manufacturers make"
        what = "the one line" if lines == 1 else f"all {lines} lines"
        if partners := len(self._facts["partners"]):
            others = "one that makes" if partners == 1 else f"{partners} that make"
            return f"{who} {what} that had nobody, beside {others} the others."
        return f"{who} {what}." if count == 1 else f"{who} {what}; fewer cannot."

    def _makers(self, plan: Mapping[str, Any]) -> list[Member]:
        lines = self._facts["lines"]
        return [self._pools[line["pool"]][position] for line, position in zip(lines, plan["choice"], strict=True)]

    def _plan(self, rank: int, plan: Mapping[str, Any]) -> PlanOut:
        lines, makers = self._facts["lines"], self._makers(plan)
        shown = [
            PlanLine(
                number=line["number"],
                manufacturer_id=member.manufacturer_id,
                name=self._names.get(member.manufacturer_id),
                score_bp=next(one[1] for one in line["able"] if one[0] == position) // self._weights.total,
            )
            for line, member, position in zip(lines, makers, plan["choice"], strict=True)
        ]
        count = len({member.manufacturer_id for member in makers})
        return PlanOut(rank=rank, manufacturers=count, score_bp=plan["score"] // (self._weights.total * len(lines)), lines=shown)

    def _line(self, line: Mapping[str, Any]) -> LineExplanation:
        members = self._pools[line["pool"]]
        return LineExplanation(
            number=line["number"],
            capability=line["capability"],
            quantity=line["quantity"],
            pool=len(members),
            left_out=list(self._left_out(line, members)),
            candidates=self._candidates(line, members),
        )

    def _left_out(self, line: Mapping[str, Any], members: Sequence[Member]) -> list[LeftOut]:
        free: dict[int, int] = dict(line["short"])
        by_rule = {rule: list(positions_of(int(mask, 16))) for rule, mask in line["refused"].items()}
        by_rule["capacity"] = sorted(free)
        days = (self._until - self._today).days
        asked = Asked(self._facts["currency"], self._facts["state_code"], line["quantity"], days, self._until)
        return [
            LeftOut(
                rule=rule,
                says=rule_says(rule, asked),
                count=len(by_rule[rule]),
                manufacturers=[
                    Named(
                        manufacturer_id=members[position].manufacturer_id,
                        name=self._names.get(members[position].manufacturer_id),
                        says=member_says(rule, members[position], free.get(position, 0)),
                    )
                    for position in by_rule[rule]
                ],
            )
            for rule in RULES
            if by_rule.get(rule)
        ]

    def _candidates(self, line: Mapping[str, Any], members: Sequence[Member]) -> list[Candidate]:
        currency = self._facts["currency"]
        asked = [one for one in members if one.active and not one.blocked and one.currency == currency]
        cheapest = min((one.unit_price_minor for one in asked), default=0)
        # Stable, so that of equal ones the lower id goes first.
        best_first = sorted(line["able"], key=lambda rating: -rating[1])
        return [self._candidate(rank, rating, members[rating[0]], cheapest) for rank, rating in enumerate(best_first, start=1)]

    def _candidate(self, rank: int, rating: Rating, member: Member, cheapest: int) -> Candidate:
        _, weighted, lead_time, distance, load, free = rating
        price = Money(amount_minor=member.unit_price_minor, currency=member.currency)
        lowest = Money(amount_minor=cheapest, currency=member.currency)
        weights, days = self._weights, (self._until - self._today).days
        return Candidate(
            rank=rank,
            manufacturer_id=member.manufacturer_id,
            name=self._names.get(member.manufacturer_id),
            score_bp=weighted // weights.total,
            unit_price=price,
            price=_term(
                price_bp(cheapest, member.unit_price_minor),
                weights.price,
                f"{show(price)} a unit; the cheapest asks for {show(lowest)}",
            ),
            lead_time=_term(lead_time, weights.lead_time, f"needs {member.lead_time_days} of the {days} days that are left"),
            distance=_term(distance, weights.distance, self._distance_says(member)),
            quality=_term(member.quality_bp, weights.quality, f"{_percent(member.quality_bp)} of its units count as good"),
            on_time=_term(
                member.on_time_bp, weights.on_time, f"{_percent(member.on_time_bp)} of its deliveries count as in time"
            ),
            load=_term(load, weights.load, self._load_says(member, free)),
        )

    def _distance_says(self, member: Member) -> str:
        if self._facts["place"] is None:
            return "where it is delivered is not known on the map"
        there = vector_of(*self._facts["place"])
        return f"{distance_km(vector_of(member.latitude, member.longitude), there):,} km away"

    def _load_says(self, member: Member, free: int) -> str:
        periods = window_of(Calendar(self._today), self._until).periods(member.capacity_period)
        return f"{free:,} of {periods * member.capacity_units:,} units are free until {self._until}"


def _term(score_bp: int, weight: int, says: str) -> Term:
    return Term(score_bp=score_bp, weight=weight, says=says)


def _percent(basis_points: int) -> str:
    return f"{basis_points * 100 // FULL_BP} %"
