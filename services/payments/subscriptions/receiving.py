"""Money of a period's own payment: to its invoice where it has one, else kept for it."""

from datetime import datetime

from services.payments.invoices.paying import InvoicePayments
from services.payments.payments.models import Payment
from services.payments.subscriptions.models import OWED
from services.payments.subscriptions.repository import SubscriptionReader


class PeriodReceiving:
    """A `PeriodReceipts`. Invoices are held before periods, as by money that comes for invoices."""

    def __init__(self, subscriptions: SubscriptionReader, invoices: InvoicePayments) -> None:
        self._subscriptions = subscriptions
        self._invoices = invoices

    async def received(self, payment: Payment, amount_minor: int, at: datetime) -> int:
        """What is owed of the period, and an invoice of it is paid by as much; the rest is the customer's credit."""
        assert payment.subscription_id is not None, "that is what makes it a period's"
        assert payment.period_start is not None, "as above"
        key = payment.subscription_id, payment.period_start
        invoice_id = await self._invoices.of_period(*key)
        if invoice_id is None:
            period = await self._subscriptions.lock_period(*key)
            # Held, it is not invoiced any more by somebody else; it may have been while we waited.
            invoice_id = await self._invoices.of_period(*key)
            if invoice_id is None:
                return min(amount_minor, period.total_minor) if period is not None and period.status in OWED else 0
        return (await self._invoices.apply(invoice_id, amount_minor, payment.id, at)).applied_minor
