"""Using customers' credit: under its lock, for what is due, the oldest first."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.credits.errors import CreditTooSmall, NothingToUseCreditFor
from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.models import Invoice
from services.payments.invoices.paying import InvoicePayments
from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from services.payments.orders.order_payments import OrderPayments
from services.payments.subscriptions.paid import Paying
from services.payments.subscriptions.paid_repository import Money
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_AT_ONCE: Final = 100


class Credits:
    """Works in one unit of work. Orders and invoices are held before the credit, as by payments that bring some."""

    def __init__(
        self,
        credit_entries: CreditRepository,
        orders: OrderPayments,
        invoices: InvoicePayments,
        ledger: Ledger,
        paying: Paying,
        clock: Clock,
    ) -> None:
        self._credits = credit_entries
        self._orders = orders
        self._invoices = invoices
        self._ledger = ledger
        self._paying = paying
        self._clock = clock

    async def use(
        self,
        customer_id: UUID,
        organization_id: UUID,
        currency: str,
        *,
        order_id: UUID | None,
        invoice_id: UUID | None,
        at_most_minor: int | None,
    ) -> list[CreditEntry]:
        """Pay with credit; answers what was used for what. Without an order or invoice: all unpaid orders, the oldest first.

        Raises CreditTooSmall where there is none, and NothingToUseCreditFor where nothing of this customer is due.
        """
        orders = [order_id] if order_id is not None else []
        if order_id is None and invoice_id is None:
            orders = await self._credits.due_orders(customer_id, currency, _AT_ONCE)
        held = await self._orders.lock(sorted(orders)) if orders else {}
        invoice = await self._invoices.hold(invoice_id, organization_id) if invoice_id is not None else None
        left = await self._credits.hold(customer_id, currency)
        if left <= 0:
            raise CreditTooSmall("the customer has nothing to their credit in this currency", balance_minor=left)
        left = min(left, at_most_minor) if at_most_minor is not None else left
        now, used = self._clock(), list[CreditEntry]()
        for key in orders:
            order = held.get(key)
            is_theirs = order is not None and (order.customer_id, order.organization_id) == (customer_id, organization_id)
            if order is None or not is_theirs or order.currency != currency:
                continue
            part = min(left, order.due_minor)
            if part > 0:
                used.append(await self._pay_order(key, part, customer_id, organization_id, currency, now))
                left -= part
        if invoice is not None and (invoice.customer_id, invoice.currency) == (customer_id, currency):
            used += await self._pay_invoice(invoice, left, customer_id, now)
        if not used:
            raise NothingToUseCreditFor("nothing of this customer is due in this currency")
        # A subscription's period is paid by whatever pays its order or its invoice.
        await self._paying.received([Money(None, None, one.order_id, one.invoice_id, -one.amount_minor, now) for one in used])
        return used

    async def _pay_order(
        self, order_id: UUID, amount: int, customer_id: UUID, organization_id: UUID, currency: str, now: datetime
    ) -> CreditEntry:
        entry = _entry(customer_id, organization_id, currency, amount, now, order_id=order_id)
        applied = await self._orders.received(order_id, amount, entry.id, now)
        assert applied.surplus_minor == 0, "so much was due, and the order is held"
        invoice_id = await self._invoices.of_order(order_id)
        if invoice_id is not None:
            await self._invoices.apply(invoice_id, amount, entry.id, now)
        await self._book(entry)
        return entry

    async def _pay_invoice(self, invoice: Invoice, left: int, customer_id: UUID, now: datetime) -> list[CreditEntry]:
        amount = min(left, invoice.balance_minor)
        if amount <= 0 or invoice.order_id is not None:
            return []
        entry = _entry(customer_id, invoice.organization_id, invoice.currency, amount, now, invoice_id=invoice.id)
        applied = await self._invoices.apply(invoice.id, amount, entry.id, now)
        assert applied.surplus_minor == 0, "so much was due, and the invoice is held"
        await self._book(entry)
        return [entry]

    async def _book(self, entry: CreditEntry) -> None:
        await self._credits.add([entry])
        amount = -entry.amount_minor
        entries = (
            debit(Account.CUSTOMER_CREDIT, entry.currency, amount),
            credit(Account.ACCOUNTS_RECEIVABLE, entry.currency, amount),
        )
        posting = Posting(entry.organization_id, "credit_applied", str(entry.id), entry.at, "Customer's credit was used", entries)
        await self._ledger.post([posting])


def _entry(
    customer_id: UUID,
    organization_id: UUID,
    currency: str,
    amount: int,
    now: datetime,
    *,
    order_id: UUID | None = None,
    invoice_id: UUID | None = None,
) -> CreditEntry:
    key = uuid7()
    return CreditEntry(key, organization_id, customer_id, currency, "apply", -amount, "use", key, order_id, invoice_id, None, now)
