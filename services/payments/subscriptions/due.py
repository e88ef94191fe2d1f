"""Billing what is due: the periods of many subscriptions at once, with the orders and payments that belong to them."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.payments.cases import Cases
from services.payments.payments.models import Payment
from services.payments.subscriptions.charging import PeriodCharging
from services.payments.subscriptions.deciding import decide
from services.payments.subscriptions.due_models import HELD_REFUSED, Decision, Unbillable
from services.payments.subscriptions.due_repository import DueRepository, Refused
from services.payments.subscriptions.due_rows import due_of
from services.payments.subscriptions.making import left_out, made
from services.payments.subscriptions.new_models import Made, NewOrder
from services.payments.subscriptions.news import over, placed
from shared.contracts.payments import ProcessDueSubscriptions, SettleSubscription
from shared.runtime.outbox import Publisher

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500
"""So many subscriptions are dealt with by one message; the rest by one that follows."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run has done. taken: how many subscriptions it has dealt with."""

    taken: int
    made: Sequence[Made]
    payments: Sequence[Payment]


class DueBilling:
    """Works in one unit of work, by as many statements for a chunk as for one.

    Two runs at once share the subscriptions between them; a period that is there already is neither ordered nor charged again.
    """

    def __init__(
        self,
        due: DueRepository,
        charging: PeriodCharging,
        cases: Cases,
        publisher: Publisher,
    ) -> None:
        self._due = due
        self._charging = charging
        self._cases = cases
        self._publisher = publisher

    async def run(self, slot: datetime) -> Run:
        """Deal with those whose day has come by `slot`, a chunk per message."""
        await self._due.resume(slot, AT_ONCE)
        await self._reconsider(slot)
        done = await self._bill(slot, None)
        if done.taken == AT_ONCE:
            self._publisher.publish(ProcessDueSubscriptions(slot=slot))
        return done

    async def run_for(self, ids: Collection[UUID], at: datetime) -> Run:
        """The same for these alone, as far as their day has come."""
        return await self._bill(at, ids)

    async def _reconsider(self, slot: datetime) -> None:
        """Let those go on of which it is known by now how they are billed, and end the cases of those that wait no more."""
        waiting = [due_of(row, slot) for row in await self._due.waiting(slot, limit=AT_ONCE)]
        await self._due.free([one.id for one in waiting if not isinstance(one, Unbillable)], slot)
        await self._cases.settle_held(slot)

    async def _bill(self, slot: datetime, ids: Collection[UUID] | None) -> Run:
        taken = [due_of(row, slot) for row in await self._due.take(slot, limit=AT_ONCE, ids=ids)]
        unbillable = [one for one in taken if isinstance(one, Unbillable)]
        decisions = [decide(one, slot) for one in taken if not isinstance(one, Unbillable)]
        new, payments, refused = await self._write_allowed(decisions, slot)
        unbillable += refused
        await self._due.hold(unbillable, slot)
        left = {one.id for one in refused}
        held = [(one.due.id, one.held_reason) for one in decisions if one.held_reason is not None and one.due.id not in left]
        for key, reason in held + [(one.id, one.reason) for one in unbillable]:
            await self._cases.open("billing_held", None, {"subscription_id": str(key), "reason": reason})
        return Run(len(taken), new, payments)

    async def _write_allowed(
        self, decisions: Sequence[Decision], at: datetime
    ) -> tuple[list[Made], list[Payment], list[Unbillable]]:
        """Write all, or where the database refuses that, each half: one that is refused alone keeps nobody else waiting."""
        try:
            async with self._due.whole():
                return *await self._write(decisions, at), []
        except Refused:
            if len(decisions) == 1:
                logger.exception("subscription_not_billed", extra={"subscription_id": str(decisions[0].due.id)})
                return [], [], [Unbillable(decisions[0].due.id, decisions[0].due.organization_id, HELD_REFUSED)]
        middle = len(decisions) // 2
        first, second = [await self._write_allowed(part, at) for part in (decisions[:middle], decisions[middle:])]
        return first[0] + second[0], first[1] + second[1], first[2] + second[2]

    async def _write(self, decisions: Sequence[Decision], at: datetime) -> tuple[list[Made], list[Payment]]:
        wanted = [made(decision, billed) for decision in decisions for billed in decision.billed]
        out = [left_out(decision, one) for decision in decisions for one in decision.left_out]
        written = await self._due.write_periods([one.period for one in wanted] + out, at)
        new = [one for one in wanted if (one.period.subscription_id, one.period.start_on) in written]
        await self._due.place([one.order for one in new if one.order is not None], at)
        taken = [entry for decision in decisions for billed in decision.billed for entry in billed.bill.taken.items()]
        await self._due.take_off(_sums(taken))
        await self._due.move_on(decisions, at)
        self._tell(decisions, [one.order for one in new if one.order is not None], at)
        return new, await self._charging.charge(new, at)

    def _tell(self, decisions: Sequence[Decision], orders: Sequence[NewOrder], at: datetime) -> None:
        for order in orders:
            self._publisher.publish(placed(order, at))
        for one in decisions:
            if one.next_bill_at is None:
                self._publisher.publish(over(one.due, one.status, at))
            if one.next_bill_at is None and one.due.adjustments:
                self._publisher.publish(SettleSubscription(subscription_id=one.due.id))


def _sums(taken: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, int]]:
    """By adjustment: a statement changes a row once, and several periods may have taken of one."""
    sums: dict[UUID, int] = {}
    for key, amount in taken:
        sums[key] = sums.get(key, 0) + amount
    return sorted(sums.items())
