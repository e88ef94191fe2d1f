"""Whoever brings money to subscriptions' periods that have neither an order nor an invoice in the payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.payments.payments.models import Payment


@dataclass(frozen=True, slots=True)
class PeriodReceipt:
    """So much that a payment has brought for its period, in minor units, and when."""

    payment: Payment
    amount_minor: int
    at: datetime


class PeriodReceipts(Protocol):
    """Works in the unit of work that holds the payment."""

    async def received(self, receipts: Sequence[PeriodReceipt]) -> dict[UUID, int]:
        """What the payments' periods have use for, by payment: nothing where one is paid or given up, else what is not paid of it
        yet. By as many statements for many as for one, as long as none of them has an invoice."""
        ...

    async def due(self, payment: Payment) -> int:
        """What is asked for of the payment's period, in minor units; nothing where it is paid or given up."""
        ...

    async def invoice_of(self, payment: Payment) -> UUID | None:
        """The invoice of the payment's period; where it has none, none is issued before the unit of work ends."""
        ...
