"""Money of a period's own payment: to its invoice where it has one, else kept for it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.payments.invoices.paying import InvoicePayments
from services.payments.payments.models import Payment
from services.payments.payments.period_receipts import PeriodReceipt
from services.payments.subscriptions.models import OWED
from services.payments.subscriptions.repository import SubscriptionReader


class PeriodReceiving:
    """A `PeriodReceipts`. Invoices are held before periods, as by money that comes for invoices."""

    def __init__(self, subscriptions: SubscriptionReader, invoices: InvoicePayments) -> None:
        self._subscriptions = subscriptions
        self._invoices = invoices

    async def received(self, receipts: Sequence[PeriodReceipt]) -> dict[UUID, int]:
        """What is owed of periods, and an invoice of one is paid by as much; the rest is the customer's credit."""
        applied, left = await self._to_invoices(receipts)
        owed = await self._subscriptions.lock_owed({_period_of(one.payment) for one in left})
        # Held, they are not invoiced any more by somebody else; they may have been while we waited.
        more, left = await self._to_invoices(left)
        for one in left:
            key = _period_of(one.payment)
            applied[one.payment.id] = min(one.amount_minor, owed.get(key, 0))
            owed[key] = owed.get(key, 0) - applied[one.payment.id]
        return applied | more

    async def _to_invoices(self, receipts: Sequence[PeriodReceipt]) -> tuple[dict[UUID, int], list[PeriodReceipt]]:
        """What invoices have use for, and the receipts of periods that have none."""
        invoices = await self._invoices.of_periods({_period_of(one.payment) for one in receipts})
        applied, left = dict[UUID, int](), list[PeriodReceipt]()
        for one in receipts:
            if (invoice_id := invoices.get(_period_of(one.payment))) is None:
                left.append(one)
            else:
                done = await self._invoices.apply(invoice_id, one.amount_minor, one.payment.id, one.at)
                applied[one.payment.id] = done.applied_minor
        return applied, left

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
        key = _period_of(payment)
        invoice_id = await self._invoices.of_period(*key)
        if invoice_id is not None:
            return invoice_id
        await self._subscriptions.lock_owed([key])
        return await self._invoices.of_period(*key)


def _period_of(payment: Payment) -> tuple[UUID, date]:
    assert payment.subscription_id is not None, "that is what makes it a period's"
    assert payment.period_start is not None, "as above"
    return payment.subscription_id, payment.period_start
