"""What subscriptions need of whoever collects what was not paid."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.payments.subscriptions.models import Subscription


class Unpaid(Protocol):
    """Knows what a subscription owes, in the unit of work that holds the subscription."""

    async def hold(self, subscription_id: UUID) -> None:
        """Hold what it owes, before the subscription itself is held: in the order in which money comes."""
        ...

    async def give_up(self, subscription: Subscription, reason: str, at: datetime) -> None:
        """Ask for nothing more: its unpaid periods are void, with their payments and orders."""
        ...

    async def try_again(self, subscription: Subscription, at: datetime) -> None:
        """Charge what it owes now, with the method that it has now."""
        ...
