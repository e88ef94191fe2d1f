"""Charging periods that have just been written: mandates on their notices, everything else now."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from services.payments.mandates.models import Debit
from services.payments.mandates.noticing import Noticing
from services.payments.payments.models import Payment
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.subscriptions.making import NAMESPACE
from services.payments.subscriptions.models import SYSTEM
from services.payments.subscriptions.new_models import Made
from shared.contracts import lanes
from shared.contracts.payments import ProcessPayment
from shared.runtime.outbox import Publisher


class Uncharged(Protocol):
    """Sees to periods for which nothing could be charged."""

    async def note(self, made: Sequence[Made], at: datetime) -> None:
        """Those without a stored method wait for their customers; those whose method is no good have failed."""
        ...


class PeriodCharging:
    """Works in the unit of work that has written the periods."""

    def __init__(self, payments: PaymentRepository, noticing: Noticing, uncharged: Uncharged, publisher: Publisher) -> None:
        self._payments = payments
        self._noticing = noticing
        self._uncharged = uncharged
        self._publisher = publisher

    async def charge(self, new: Sequence[Made], at: datetime) -> list[Payment]:
        """Write the payments of periods and have them charged; returns them. What has none is its customer's to pay."""
        wanted = [one.payment for one in new if one.payment is not None]
        payments = await self._payments.insert(wanted, by=SYSTEM, at=at) if wanted else []
        await self._ask(payments, {one.payment.id for one in new if one.payment is not None and one.needs_notice}, at)
        await self._uncharged.note([one for one in new if one.payment is None and one.period.status == "open"], at)
        return payments

    async def _ask(self, payments: Sequence[Payment], on_notice: Collection[UUID], at: datetime) -> None:
        for payment in payments:
            if payment.id not in on_notice:
                self._publisher.publish(
                    ProcessPayment(payment_id=payment.id),
                    lane=lanes.PAYMENTS_SUBSCRIPTIONS,
                    message_id=uuid5(NAMESPACE, f"charge/{payment.id}/1"),
                )
        await self._noticing.charge([_debit(one) for one in payments if one.id in on_notice], at)


def _debit(payment: Payment) -> Debit:
    assert payment.subscription_id is not None, "it is a period's"
    assert payment.period_start is not None, "as above"
    assert payment.payment_method_id is not None, "it is charged without its customer"
    return Debit(
        subscription_id=payment.subscription_id,
        start_on=payment.period_start,
        organization_id=payment.organization_id,
        payment_id=payment.id,
        payment_method_id=payment.payment_method_id,
        gateway=payment.gateway,
        account=payment.account,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
    )
