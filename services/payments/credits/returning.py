"""Credit that an order was paid with goes back to where it came from, once what it paid for is cancelled."""

from datetime import datetime
from uuid import UUID

from services.payments.credits.models import CreditEntry
from services.payments.credits.repository import CreditRepository
from services.payments.invoices.paying import InvoicePayments
from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from services.payments.orders.order_payments import OrderPayments
from shared.runtime.ids import uuid7


class CreditReturns:
    """Works in the unit of work that holds the plan of a cancellation."""

    def __init__(
        self, credit_entries: CreditRepository, orders: OrderPayments, invoices: InvoicePayments, ledger: Ledger
    ) -> None:
        self._credits = credit_entries
        self._orders = orders
        self._invoices = invoices
        self._ledger = ledger

    async def returned(self, plan_id: UUID) -> int:
        """What a plan has given back already."""
        return await self._credits.returned(plan_id)

    async def give_back(self, plan_id: UUID, order_id: UUID, most_minor: int, at: datetime) -> int:
        """Grant anew what of its customer's credit the order was paid with, once for a plan; returns how much."""
        await self._orders.lock([order_id])
        used = await self._credits.used_for(order_id)
        if used is None:
            return 0
        amount, key = min(most_minor, used.left_minor), uuid7()
        entry = CreditEntry(
            id=key,
            organization_id=used.organization_id,
            customer_id=used.customer_id,
            currency=used.currency,
            kind="grant",
            amount_minor=amount,
            source="refund_plan",
            source_id=plan_id,
            order_id=order_id,
            invoice_id=None,
            note=None,
            at=at,
        )
        await self._credits.add([entry])
        entries = (
            debit(Account.ACCOUNTS_RECEIVABLE, used.currency, amount),
            credit(Account.CUSTOMER_CREDIT, used.currency, amount),
        )
        said = "Customer's credit was given back"
        await self._ledger.post([Posting(used.organization_id, "credit_returned", str(plan_id), at, said, entries)])
        await self._orders.refunded(order_id, amount, key, at)
        invoice_id = await self._invoices.of_order(order_id)
        if invoice_id is not None:
            await self._invoices.take_back(invoice_id, amount, key, at, is_planned=True)
        return amount
