"""Money on invoices. What a gateway or a cashier has proved is never refused here: what an invoice has no use for is returned.

The ledger's entries are those of the payment and the refund, and not of this.
"""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from services.payments.invoices.errors import PaymentNotApplicable
from services.payments.invoices.models import Applied, Invoice, PaymentKind
from services.payments.invoices.payment_repository import InvoicePaymentRepository
from services.payments.invoices.stored import found
from services.payments.invoices.withdrawal import Withdrawal
from services.payments.invoices.writing_repository import Change, InvoiceRepository


class InvoicePayments:
    """Works in one unit of work, under the lock of the invoice."""

    def __init__(self, repository: InvoiceRepository, payments: InvoicePaymentRepository, withdrawal: Withdrawal) -> None:
        self._repository = repository
        self._payments = payments
        self._withdrawal = withdrawal

    async def of_order(self, order_id: UUID) -> UUID | None:
        """The invoice that an order has in force; None where it has none yet. Lock the order before, or it may just be issued."""
        return await self._payments.of_order(order_id)

    async def of_period(self, subscription_id: UUID, period_start: date) -> UUID | None:
        """The invoice that a period has in force; None where it has none yet. Hold the period, or it may just be issued."""
        return await self._payments.of_period(subscription_id, period_start)

    async def of_periods(self, periods: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], UUID]:
        """The invoices that periods have in force, as far as they have one: by subscription and first day."""
        return await self._payments.of_periods(periods) if periods else {}

    async def due(self, invoice_id: UUID) -> int:
        """What an invoice still asks for, in minor units; nothing where it is not in force. It is not held."""
        return await self._payments.due(invoice_id)

    async def hold(self, invoice_id: UUID, organization_id: UUID) -> Invoice | None:
        """Hold an invoice until the unit of work ends, and say how it stands; None where the organization has none such."""
        return await self._repository.lock(invoice_id, organization_id=organization_id)

    async def apply(self, invoice_id: UUID, amount_minor: int, payment_id: UUID, at: datetime) -> Applied:
        """Count a payment, once. Above what is due, and on a void invoice, it is surplus.

        Told of again, it answers what came of it then, and what is due by now.
        Raises InvoiceNotFound, and PaymentNotApplicable for an amount that is not positive or a draft.
        """
        invoice, known = await self._begin(invoice_id, "payment", payment_id, amount_minor)
        if known is not None:
            return known
        applied = min(amount_minor, invoice.balance_minor)
        await self._note(invoice, "payment", payment_id, amount_minor, applied, at)
        left = invoice.balance_minor - applied
        if applied and left == 0:
            await self._withdrawal.of_reminders(invoice.id, "the invoice is paid")
        return Applied(applied, amount_minor - applied, left)

    async def take_back(
        self, invoice_id: UUID, amount_minor: int, refund_id: UUID, at: datetime, *, is_planned: bool = False
    ) -> Applied:
        """Count a refund, once. What was not paid on the invoice is surplus.

        is_planned: a cancellation has planned it, and has taken off the invoice what that bills of it; the rest was never on it.
        Told of again, it answers as `apply` does, and raises the same.
        """
        invoice, known = await self._begin(invoice_id, "refund", refund_id, amount_minor)
        if known is not None:
            return known
        over = max(invoice.paid_minor + invoice.credited_minor - invoice.total_minor, 0)
        applied = min(amount_minor, over if is_planned else invoice.paid_minor)
        uncredited = 0
        if applied and not is_planned:
            # What cancellations have taken off is over as well, until their own refunds give it back.
            planned = await self._payments.planned(invoice.id) if over else 0
            uncredited = max(applied - max(over - planned, 0), 0)
        await self._note(invoice, "refund", refund_id, amount_minor, applied, at)
        due = invoice.total_minor - invoice.credited_minor - invoice.paid_minor + applied
        return Applied(applied, amount_minor - applied, max(due, 0) if invoice.status == "issued" else 0, uncredited)

    async def _begin(
        self, invoice_id: UUID, kind: PaymentKind, source_id: UUID, amount_minor: int
    ) -> tuple[Invoice, Applied | None]:
        """The locked invoice, and what became of this payment or refund if it was told of before."""
        if amount_minor <= 0:
            raise PaymentNotApplicable("amount_minor must be positive: a number of minor units (12.50 INR is 1250)")
        invoice = found(await self._repository.lock(invoice_id, organization_id=None))
        if invoice.status == "draft":
            raise PaymentNotApplicable("the invoice is a draft; issue it first")
        return invoice, await self._payments.find(invoice_id, kind, source_id)

    async def _note(
        self, invoice: Invoice, kind: PaymentKind, source_id: UUID, amount_minor: int, applied: int, at: datetime
    ) -> None:
        await self._payments.insert(invoice.id, kind, source_id, amount_minor=amount_minor, applied_minor=applied, at=at)
        if applied:
            counted = applied if kind == "payment" else -applied
            await self._repository.add_payment(invoice.id, counted, Change(at, f"{kind}:{source_id}"))
