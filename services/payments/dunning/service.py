"""Dunning by the clock: tries that are due, and the end of those that have used up their time."""

from datetime import datetime, timedelta
from typing import Final

from services.payments.dunning.collecting import Collecting
from services.payments.dunning.models import Owing
from services.payments.dunning.repository import DunningRepository, RunState
from services.payments.subscriptions.changing import ended
from services.payments.subscriptions.models import OWED, SYSTEM, Subscription
from services.payments.subscriptions.news import over
from services.payments.subscriptions.paid import Paying
from services.payments.subscriptions.repository import SubscriptionRepository
from shared.contracts.payments import ProcessDunning, SettleSubscription
from shared.runtime.outbox import Publisher

AT_ONCE: Final = 200
"""So many runs are dealt with by one message; the rest by one that follows."""
_ASK_AGAIN: Final = timedelta(hours=1)
_LET_END: Final = timedelta(days=1)
_OWED: Final = frozenset({"open", "past_due"})
NOT_WANTED: Final = "its order was cancelled"
EXHAUSTED: Final = "it was not paid, and no try is left"


class Dunning:
    """Works in one unit of work."""

    def __init__(
        self,
        dunning: DunningRepository,
        collecting: Collecting,
        paying: Paying,
        subscriptions: SubscriptionRepository,
        publisher: Publisher,
    ) -> None:
        self._dunning = dunning
        self._collecting = collecting
        self._paying = paying
        self._subscriptions = subscriptions
        self._publisher = publisher

    async def run(self, slot: datetime) -> None:
        """Make the tries that are due at `slot`, and end what is to be given up by then."""
        due = await self._dunning.due(slot, AT_ONCE)
        given_up = await self._dunning.given_up(AT_ONCE)
        owing = await self._dunning.hold({*due, *given_up}, slot) if due or given_up else {}
        states = [state for one in owing.values() if (state := await self._deal(one, slot)) is not None]
        await self._dunning.set_runs(states, slot)
        if AT_ONCE in (len(due), len(given_up)):
            self._publisher.publish(ProcessDunning(slot=slot))

    async def _deal(self, one: Owing, slot: datetime) -> RunState | None:
        """What becomes of a run; None where somebody else has dealt with it meanwhile."""
        if one.given_up_reason is not None and one.period_status in OWED and not one.is_under_way:
            await self._collecting.let_go(one, slot)
            return None
        if one.run_status != "running" or one.deadline_at is None:
            return None
        is_due = one.next_try_at is not None and one.next_try_at <= slot
        if not is_due and one.deadline_at > slot:
            return None
        if one.period_status not in _OWED:
            return _state(one, "stopped", f"the period is {one.period_status}")
        if one.is_under_way:
            later = slot + _ASK_AGAIN
            return _state(one, "running", None, next_try_at=later if is_due else None, deadline_at=max(one.deadline_at, later))
        if one.order_status == "cancelled":
            # Somebody has cancelled the delivery, so nothing is owed for it.
            await self._collecting.drop([one], NOT_WANTED, slot)
            await self._paying.go_on([one.subscription_id], slot)
            return None
        if is_due:
            return await self._try(one, slot)
        await self._exhaust(one, slot)
        return _state(one, "exhausted", EXHAUSTED)

    async def _try(self, one: Owing, slot: datetime) -> RunState:
        """What comes of it decides when the next one is; until then only the deadline stands."""
        assert one.deadline_at is not None, "the caller has seen it"
        charged_at = await self._collecting.charge(one, slot)
        used = one.used + (1 if charged_at is not None and one.decline_kind != "our_setup" else 0)
        until = (charged_at or slot) + _LET_END
        return _state(one, "running", None, used=used, deadline_at=max(one.deadline_at, until))

    async def _exhaust(self, one: Owing, slot: datetime) -> None:
        if one.policy.unpaid_delivery == "hold":
            await self._collecting.cancel_order(one, EXHAUSTED)
        await self._dunning.move_periods([(one.subscription_id, one.start_on)], "past_due", None, slot)
        await self._dunning.move_periods([(one.subscription_id, one.start_on)], "unpaid", EXHAUSTED, slot)
        subscription = await self._subscriptions.find(one.subscription_id, None)
        assert subscription is not None, "a foreign key keeps it"
        if subscription.status in ("trialing", "active"):
            # Its customer pays each period themselves and has not; nobody has told them that it is past due.
            subscription = await self._change(one, {"status": "past_due"}, slot)
        if subscription.status != "past_due":
            return
        if one.policy.when_exhausted == "cancel":
            cancelled = await self._change(one, ended("cancelled", EXHAUSTED, slot), slot)
            self._publisher.publish(over(cancelled, "cancelled", slot))
            self._publisher.publish(SettleSubscription(subscription_id=one.subscription_id, charges_owed=False))
            await self._collecting.drop([one], EXHAUSTED, slot)
            # What else it owes is not held here: it is not charged any more, and the next run drops it.
            await self._dunning.give_up(one.subscription_id, EXHAUSTED, slot)
        else:
            await self._change(one, {"status": "unpaid", "next_bill_at": None, "access_until": None}, slot)

    async def _change(self, one: Owing, values: dict[str, object], slot: datetime) -> Subscription:
        return await self._subscriptions.change(one.subscription_id, values, by=SYSTEM, at=slot, reason=EXHAUSTED)


def _state(
    one: Owing,
    status: str,
    reason: str | None,
    *,
    used: int | None = None,
    next_try_at: datetime | None = None,
    deadline_at: datetime | None = None,
) -> RunState:
    until = deadline_at or one.deadline_at
    assert until is not None, "a run has a deadline"
    return RunState(one.subscription_id, one.start_on, status, reason, one.used if used is None else used, next_try_at, until)
