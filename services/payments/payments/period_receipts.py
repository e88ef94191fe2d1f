"""Whoever brings money to subscriptions' periods that have neither an order nor an invoice in the payment."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.payments.payments.models import Payment


class PeriodReceipts(Protocol):
    """Works in the unit of work that holds the payment."""

    async def received(self, payment: Payment, amount_minor: int, at: datetime) -> int:
        """What the payment's period has use for: nothing where it is paid or given up, else all that is not paid of it yet."""
        ...

    async def due(self, payment: Payment) -> int:
        """What is asked for of the payment's period, in minor units; nothing where it is paid or given up."""
        ...

    async def invoice_of(self, payment: Payment) -> UUID | None:
        """The invoice of the payment's period; where it has none, none is issued before the unit of work ends."""
        ...
