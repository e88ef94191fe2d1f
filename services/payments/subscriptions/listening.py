"""What payments tell subscriptions, in the transaction in which it becomes true."""

from collections.abc import Sequence

from services.payments.dunning.failing import Failing
from services.payments.dunning.models import Failure
from services.payments.gateways.declines import DeclineKind
from services.payments.payments.listeners import Missed, Paid
from services.payments.subscriptions.paid import Paying
from services.payments.subscriptions.paid_repository import Money


class SubscriptionListener:
    """Notes the periods that money has paid, and lets dunning decide about those that it has not."""

    def __init__(self, paying: Paying, failing: Failing) -> None:
        self._paying = paying
        self._failing = failing

    async def paid(self, payments: Sequence[Paid]) -> None:
        """Money may pay a period by its own payment, by its order or by its invoice."""
        told = [
            Money(
                one.payment.subscription_id,
                one.payment.period_start,
                one.payment.order_id,
                one.payment.invoice_id,
                one.applied_minor,
                one.at,
            )
            for one in payments
            if (one.payment.subscription_id, one.payment.order_id, one.payment.invoice_id) != (None, None, None)
        ]
        if told:
            await self._paying.received(told)

    async def missed(self, payment: Missed) -> None:
        """What is tried again by itself, or is no subscription's, is not dunned."""
        failed = payment.payment
        if failed.subscription_id is None or failed.period_start is None or payment.next_attempt_at is not None:
            return
        kind = DeclineKind(failed.decline_kind or DeclineKind.LATER)
        reason = failed.failure or failed.decline_reason
        failure = Failure(failed.subscription_id, failed.period_start, failed.id, failed.tries, kind.value, reason, payment.at)
        await self._failing.failed([failure], payment.at)
