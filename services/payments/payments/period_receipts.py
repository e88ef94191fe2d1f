"""Whoever brings money to subscriptions' periods that have neither an order nor an invoice in the payment."""

from datetime import datetime
from typing import Protocol

from services.payments.payments.models import Payment


class PeriodReceipts(Protocol):
    """Works in the unit of work that holds the payment."""

    async def received(self, payment: Payment, amount_minor: int, at: datetime) -> int:
        """What the payment's period has use for: nothing where it is paid or given up, else all that is not paid of it yet."""
        ...
