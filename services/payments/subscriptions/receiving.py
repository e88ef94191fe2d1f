"""Money of a period's own payment: to its invoice where it has one, else kept for it."""

from datetime import date, datetime
from uuid import UUID

from services.payments.invoices.paying import InvoicePayments
from services.payments.payments.models import Payment
from services.payments.subscriptions.models import OWED, SubscriptionPeriod
from services.payments.subscriptions.repository import SubscriptionReader


class PeriodReceiving:
    """A `PeriodReceipts`. Invoices are held before periods, as by money that comes for invoices."""

    def __init__(self, subscriptions: SubscriptionReader, invoices: InvoicePayments) -> None:
        self._subscriptions = subscriptions
        self._invoices = invoices

    async def received(self, payment: Payment, amount_minor: int, at: datetime) -> int:
        """What is owed of the period, and an invoice of it is paid by as much; the rest is the customer's credit."""
        invoice_id, period = await self._invoice(payment)
        if invoice_id is None:
            return min(amount_minor, period.total_minor) if period is not None and period.status in OWED else 0
        return (await self._invoices.apply(invoice_id, amount_minor, payment.id, at)).applied_minor

    async def due(self, payment: Payment) -> int:
        """What its invoice still asks for; without one all of a period that is owed, and of one that was never billed here."""
        key = _period_of(payment)
        invoice_id = await self._invoices.of_period(*key)
        if invoice_id is not None:
            return await self._invoices.due(invoice_id)
        status = (await self._subscriptions.period_statuses([key])).get(key)
        return payment.amount_minor if status is None or status in OWED else 0

    async def invoice_of(self, payment: Payment) -> UUID | None:
        """The invoice of the payment's period; where it has none, the period is held."""
        return (await self._invoice(payment))[0]

    async def _invoice(self, payment: Payment) -> tuple[UUID | None, SubscriptionPeriod | None]:
        key = _period_of(payment)
        invoice_id = await self._invoices.of_period(*key)
        if invoice_id is not None:
            return invoice_id, None
        period = await self._subscriptions.lock_period(*key)
        # Held, it is not invoiced any more by somebody else; it may have been while we waited.
        return await self._invoices.of_period(*key), period


def _period_of(payment: Payment) -> tuple[UUID, date]:
    assert payment.subscription_id is not None, "that is what makes it a period's"
    assert payment.period_start is not None, "as above"
    return payment.subscription_id, payment.period_start
