"""Tries that were declined: what follows for the period, the subscription, its order, and what the customer hears."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from services.payments.customers.models import reference_of
from services.payments.dunning.collecting import Collecting
from services.payments.dunning.models import Failure, Owing
from services.payments.dunning.repository import DunningRepository
from services.payments.dunning.timing import deadline, grace_end, next_try
from services.payments.mandates.models import LEAD
from services.payments.mandates.noticing import Noticing
from services.payments.orders.errors import StatusForbids
from services.payments.orders.service import OrderSteps
from services.payments.subscriptions.making import NAMESPACE
from services.payments.subscriptions.subjects import failures_of
from shared.contracts.money import Money
from shared.contracts.notifications import SendPaymentFailed
from shared.contracts.payments import GenerateInvoice
from shared.runtime.outbox import Publisher

_WORTH: Final = timedelta(days=7)
_OWED: Final = frozenset({"open", "past_due", "unpaid"})


class Failing:
    """Works in one unit of work. Each failure is counted once; what comes after the money counts for nothing."""

    def __init__(
        self,
        dunning: DunningRepository,
        collecting: Collecting,
        noticing: Noticing,
        steps: OrderSteps,
        publisher: Publisher,
    ) -> None:
        self._dunning = dunning
        self._collecting = collecting
        self._noticing = noticing
        self._steps = steps
        self._publisher = publisher

    async def failed(self, failures: Sequence[Failure], at: datetime) -> None:
        """Count failures, the newest of each period, and decide what follows."""
        newest = {(one.subscription_id, one.start_on): one for one in sorted(failures, key=lambda one: (one.at, one.number))}
        if not newest:
            return
        owing = await self._dunning.hold(newest, at)
        counting = [(one, newest[key]) for key, one in owing.items() if _counts(one, newest[key])]
        for one, _ in counting:
            if one.given_up_reason is not None:
                await self._collecting.let_go(one, at)
        owed = [(one, failure) for one, failure in counting if one.given_up_reason is None]
        dropped = [one for one, _ in owed if _is_dropped(one)]
        await self._collecting.drop(dropped, "its period was not paid", at)
        kept = [(one, failure) for one, failure in owed if not _is_dropped(one)]
        await self._count(kept, at)

    async def _count(self, kept: Sequence[tuple[Owing, Failure]], at: datetime) -> None:
        if not kept:
            return
        rows = [(one, failure, _next(one, failure, at), _deadline(one, failure)) for one, failure in kept]
        await self._dunning.count(rows, at)
        await self._noticing.plan([(one.debit(None), again) for one, _, again, _ in rows if one.needs_notice], at)
        was_open = [(one.subscription_id, one.start_on) for one, _ in kept if one.period_status == "open"]
        await self._dunning.move_periods(was_open, "past_due", None, at)
        until = {
            one.subscription_id: grace_end(one.policy, one.began_at or failure.at, one.time_zone)
            for one, failure in kept
            if one.period_status != "unpaid"
        }
        await self._dunning.past_due(until, at)
        for one, failure, next_try_at, _ in rows:
            if one.failures == 0 and one.order_id is not None and one.policy.unpaid_delivery == "deliver":
                await self._deliver(one)
            if failure.kind != "our_setup":
                self._publisher.publish(_told(one, failure, next_try_at))

    async def _deliver(self, one: Owing) -> None:
        assert one.order_id is not None, "the caller has seen it"
        try:
            await self._steps.produce(one.order_id, one.organization_id, "its subscription delivers on credit", lambda _: None)
        except StatusForbids:
            return
        # What goes out on credit is owed by an invoice, with its tax and its reminders, whatever becomes of the period.
        key = f"invoice/{one.subscription_id}/{one.start_on}"
        self._publisher.publish(GenerateInvoice(order_id=one.order_id), message_id=uuid5(NAMESPACE, key))


def _counts(one: Owing, failure: Failure) -> bool:
    """Whether a failure is news: of the payment that the period has now, and not overtaken."""
    if one.period_status not in _OWED or one.last_failure == failure.reference:
        return False
    return failure.payment_id is None or (failure.payment_id == one.payment_id and failure.number >= one.payment_tries)


def _is_dropped(one: Owing) -> bool:
    return one.order_id is not None and one.policy.unpaid_delivery == "cancel" and one.failures == 0


def _next(one: Owing, failure: Failure, at: datetime) -> datetime | None:
    if one.period_status == "unpaid":
        return None
    began = one.began_at or failure.at
    # Each try of a mandate needs a notice of its own, which takes its time.
    notice = LEAD if one.needs_notice else timedelta()
    return next_try(one.policy, failure.kind, began_at=began, used=one.used, now=at, zone=one.time_zone, notice=notice)


def _deadline(one: Owing, failure: Failure) -> datetime:
    return one.deadline_at or deadline(one.policy, failure.at, one.time_zone)


def _told(one: Owing, failure: Failure, next_try_at: datetime | None) -> SendPaymentFailed:
    return SendPaymentFailed(
        to_person=reference_of(one.customer_id),
        organization_id=one.organization_id,
        payment_id=str(failure.payment_id or one.subscription_id),
        order_id=str(one.order_id) if one.order_id is not None else None,
        amount=Money(amount_minor=one.total_minor, currency=one.currency),
        failure=failure.failure,
        next_attempt_at=next_try_at,
        subject_key=failures_of(one.subscription_id, one.start_on),
        dedupe_key=f"payments.dunning:{one.subscription_id}:{one.start_on.isoformat()}:{failure.reference}",
        valid_until=failure.at + _WORTH,
    )
