"""Charging again what was not paid, and giving it up."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.credit_notes.errors import CreditAboveRemaining
from services.payments.dunning.models import Owing
from services.payments.dunning.repository import DunningRepository, RunState
from services.payments.mandates.noticing import Noticing
from services.payments.orders.cancelling import OrderCancelling
from services.payments.orders.errors import NothingToCancel, StatusForbids
from services.payments.payments.models import NewPayment
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.subscriptions.errors import MethodUnusable
from services.payments.subscriptions.making import NAMESPACE, payment_id_of
from services.payments.subscriptions.models import OVER, SYSTEM, Subscription
from services.payments.subscriptions.subjects import failures_of
from shared.contracts import lanes
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import ProcessPayment, SettleSubscription
from shared.runtime.outbox import Publisher

Period = tuple[UUID, date]
_OWED: Final = frozenset({"open", "past_due", "unpaid"})


class Collecting:
    """Works in one unit of work. A payment that a gateway is at is neither charged nor given up: nobody knows its end yet."""

    def __init__(
        self,
        dunning: DunningRepository,
        payments: PaymentRepository,
        noticing: Noticing,
        cancelling: OrderCancelling,
        publisher: Publisher,
    ) -> None:
        self._dunning = dunning
        self._payments = payments
        self._noticing = noticing
        self._cancelling = cancelling
        self._publisher = publisher

    async def hold(self, subscription_id: UUID) -> None:
        """Hold the payments and orders of what a subscription owes, which goes before holding the subscription."""
        await self._dunning.hold_payments(await self._dunning.unpaid_of(subscription_id))

    async def try_again(self, subscription: Subscription, at: datetime) -> None:
        """Charge what a subscription owes with the method that it has now. Raises MethodUnusable."""
        owing = await self._dunning.hold(await self._dunning.unpaid_of(subscription.id), at)
        for one in owing.values():
            if one.method_id is None:
                raise MethodUnusable("the subscription has no stored payment method; give it one")
            if one.fault is not None:
                raise MethodUnusable(f"{one.fault}; choose another one")
            await self.charge(one, at)

    async def charge(self, one: Owing, at: datetime) -> datetime | None:
        """Charge a period that is held, a mandate on its notice. Returns when it is charged at the earliest; None where a gateway
        is at it already, or where there is nothing to charge."""
        if one.is_under_way or one.method_id is None or one.fault is not None or one.period_status not in _OWED:
            return None
        if one.given_up_reason is not None:
            return None
        payment_id = await self._payment(one, one.method_id, at)
        if one.needs_notice:
            return await self._noticing.charge([one.debit(payment_id)], at)
        self._publisher.publish(
            ProcessPayment(payment_id=payment_id),
            lane=lanes.PAYMENTS_SUBSCRIPTIONS,
            message_id=uuid5(NAMESPACE, f"charge/{payment_id}/{one.failures}/{at.isoformat()}"),
        )
        return at

    async def give_up(self, subscription: Subscription, reason: str, at: datetime) -> None:
        """Ask for nothing more: unpaid periods are void, with their payments and orders. What a gateway is at is so once that has
        come to nothing."""
        owing = await self._dunning.hold(await self._dunning.unpaid_of(subscription.id), at)
        await self.drop(list(owing.values()), reason, at)
        await self._dunning.give_up(subscription.id, reason, at)

    async def let_go(self, one: Owing, at: datetime) -> None:
        """Drop a period that is held, and that was given up before."""
        assert one.given_up_reason is not None, "the caller has seen it"
        await self.drop([one], one.given_up_reason, at)
        # Whoever gave it up has asked for this as well, when it was not void yet.
        settle = SettleSubscription(subscription_id=one.subscription_id, charges_owed=one.subscription_status not in OVER)
        self._publisher.publish(settle)

    async def drop(self, owing: Sequence[Owing], reason: str, at: datetime) -> None:
        """The same for periods that are held, as far as no gateway is at them."""
        dropped = [one for one in owing if not one.is_under_way]
        payments = [
            one.payment_id for one in dropped if one.payment_id is not None and one.payment_status in ("created", "failed")
        ]
        if payments:
            await self._payments.end(payments, "cancelled", by=SYSTEM, at=at, reason=reason)
        await self._dunning.void_periods([(one.subscription_id, one.start_on) for one in dropped], reason, at)
        await self._dunning.set_runs(
            [_stopped(one, reason) for one in dropped if one.run_status == "running"],
            at,
        )
        for one in dropped:
            await self.cancel_order(one, reason)
            if one.run_status is not None:
                subject = failures_of(one.subscription_id, one.start_on)
                self._publisher.publish(CancelMessages(subject_key=subject, reason=reason))

    async def cancel_order(self, one: Owing, reason: str) -> None:
        """Cancel the order of a period, if it is not on its way, and nobody has credited it by hand."""
        if one.order_id is None:
            return
        try:
            await self._cancelling.cancel(one.order_id, one.organization_id, None, reason, lambda _: None)
        except (CreditAboveRemaining, NothingToCancel, StatusForbids):
            return

    async def _payment(self, one: Owing, method_id: UUID, at: datetime) -> UUID:
        """The payment that is charged: the period's own, with the method of now; a new one where that is at another account."""
        if one.payment_id is not None and one.payment_status in ("created", "failed"):
            if one.payment_method_id == method_id:
                return one.payment_id
            if one.payment_account == one.account:
                await self._dunning.change_method(one.payment_id, method_id, at)
                return one.payment_id
            await self._payments.end([one.payment_id], "cancelled", by=SYSTEM, at=at, reason="another payment takes its place")
        new = _new(one, method_id)
        await self._payments.insert([new], by=SYSTEM, at=at)
        await self._dunning.pay_with(one, new.id, at)
        return new.id


def _new(one: Owing, method_id: UUID) -> NewPayment:
    assert one.gateway is not None, "a method that can be charged is at a gateway"
    assert one.account is not None, "as above"
    return NewPayment(
        id=payment_id_of(one.subscription_id, one.start_on, one.number + 1),
        organization_id=one.organization_id,
        customer_id=one.customer_id,
        order_id=one.order_id,
        invoice_id=None,
        subscription_id=one.subscription_id,
        period_start=one.start_on,
        gateway=one.gateway,
        account=one.account,
        payment_method_id=method_id,
        currency=one.currency,
        amount_minor=one.total_minor,
        expires_at=None,
    )


def _stopped(one: Owing, reason: str) -> RunState:
    assert one.deadline_at is not None, "a run has one"
    return RunState(one.subscription_id, one.start_on, "stopped", reason, one.used, None, one.deadline_at)
