"""What a lost dispute has given back to a customer is not given back once more when its order is cancelled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.disputes.models import Dispute
from services.payments.disputes.repository import DisputeReader
from services.payments.invoices.paying import InvoicePayments
from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from services.payments.orders.order_payments import OrderPayments

_NAMESPACE: Final = UUID("0b6a3d0c-7f61-5a0c-9a43-6c0c6f9d7e52")


@dataclass(frozen=True, slots=True)
class AtTheBank:
    """Of an order's payments. is_open: a bank has still to decide, so what is disputed goes back by it or can be refunded then.
    lost: what banks have taken from us and given to the customer. known_minor: as much of it as a plan has been told of. unclear:
    payments of which a person has still to say who has the money."""

    is_open: bool
    lost: Sequence[Dispute]
    known_minor: int
    unclear: Collection[UUID]


class DisputeReturns:
    """Works in the unit of work that holds the plan of a cancellation and its payments."""

    def __init__(self, disputes: DisputeReader, orders: OrderPayments, invoices: InvoicePayments, ledger: Ledger) -> None:
        self._disputes = disputes
        self._orders = orders
        self._invoices = invoices
        self._ledger = ledger

    async def look(self, plan_id: UUID, currency: str, payment_ids: Collection[UUID]) -> AtTheBank:
        """How the disputes of these payments stand."""
        found = await self._disputes.of_payments(payment_ids)
        if not found:
            return AtTheBank(False, (), 0, ())
        lost = [one for one in found if one.is_lost and one.currency == currency]
        known = await self._disputes.counted(plan_ids=[plan_id])
        unclear = await self._disputes.unclear(payment_ids)
        return AtTheBank(any(not one.is_decided for one in found), lost, sum(known.values()), unclear)

    async def count(self, plan_id: UUID, order_id: UUID, lost: Sequence[Dispute], most_minor: int, at: datetime) -> int:
        """Take what banks have given back for what the plan gives back, up to `most_minor`; returns how much.

        It was posted as a loss. It is none: the customer was to have it.
        """
        missing = most_minor
        counted = await self._disputes.counted(dispute_ids=[one.id for one in lost]) if lost else {}
        for one in lost:
            amount = min(missing, one.taken_minor - counted.get(one.id, 0))
            if amount > 0 and one.organization_id is not None:
                await self._count_one(plan_id, order_id, one, one.organization_id, amount, at)
                missing -= amount
        return most_minor - missing

    async def _count_one(
        self, plan_id: UUID, order_id: UUID, one: Dispute, organization_id: UUID, amount: int, at: datetime
    ) -> None:
        entries = (
            debit(Account.ACCOUNTS_RECEIVABLE, one.currency, amount),
            credit(Account.DISPUTE_LOSSES, one.currency, amount),
        )
        source_id, said = f"{plan_id}:{one.id}", "A dispute gave back what was cancelled"
        await self._ledger.post([Posting(organization_id, "dispute_refund", source_id, at, said, entries)])
        key = uuid5(_NAMESPACE, source_id)
        await self._orders.refunded(order_id, amount, key, at)
        invoice_id = await self._invoices.of_order(order_id)
        if invoice_id is not None:
            await self._invoices.take_back(invoice_id, amount, key, at, is_planned=True)
