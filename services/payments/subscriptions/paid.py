"""Money that has come for periods: they are paid, invoiced, and what waited for it goes on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from services.payments.subscriptions.making import NAMESPACE
from services.payments.subscriptions.paid_repository import Money, PaidPeriod, PaidRepository
from services.payments.subscriptions.subjects import failures_of, reminders_of
from shared.contracts.money import Money as Amount
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import GenerateInvoice, ProcessSingleSubscription, SubscriptionRenewed
from shared.runtime.outbox import Publisher


class Paying:
    """Works in one unit of work. A period is paid once, whatever has paid it and however often that is told."""

    def __init__(self, paid: PaidRepository, publisher: Publisher) -> None:
        self._paid = paid
        self._publisher = publisher

    async def received(self, money: Sequence[Money]) -> None:
        """Note what this money has paid."""
        if not money:
            return
        at = max(one.at for one in money)
        paid = await self._paid.pay(money, at)
        if not paid:
            return
        for one in paid:
            self._publisher.publish(_invoice(one), message_id=uuid5(NAMESPACE, f"invoice/{one.subscription_id}/{one.start_on}"))
            if one.is_renewal:
                self._publisher.publish(_renewed(one, at))
        for key, start in await self._paid.recover(paid, at):
            self._publisher.publish(CancelMessages(subject_key=failures_of(key, start), reason="the period is paid"))
        await self.go_on([one.subscription_id for one in paid], at)

    async def go_on(self, subscription_ids: Sequence[UUID], at: datetime) -> None:
        """Let those of these subscriptions go on that owe nothing any more."""
        for key in await self._paid.revive(subscription_ids, at):
            self._publisher.publish(CancelMessages(subject_key=reminders_of(key), reason="nothing is owed any more"))
            self._publisher.publish(ProcessSingleSubscription(subscription_id=key))


def _invoice(one: PaidPeriod) -> GenerateInvoice:
    if one.order_id is not None:
        return GenerateInvoice(order_id=one.order_id)
    return GenerateInvoice(subscription_id=one.subscription_id, period_start=one.start_on)


def _renewed(one: PaidPeriod, at: datetime) -> SubscriptionRenewed:
    return SubscriptionRenewed(
        subscription_id=one.subscription_id,
        organization_id=one.organization_id,
        customer_id=one.customer_id,
        period_start=one.start_on,
        total=Amount(amount_minor=one.total_minor, currency=one.currency),
        paid_at=at,
    )
