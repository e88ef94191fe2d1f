"""What happens to carts by the clock: their customers are reminded of them, and in the end they go."""

from datetime import datetime, timedelta
from typing import Final

from services.payments.carts.abandoned_messages import cancel_reminders, reminder_of
from services.payments.carts.upkeep_repository import CartUpkeepRepository
from shared.contracts.payments import CleanupExpiredCarts, RemindOfAbandonedCarts
from shared.runtime.outbox import Publisher

REMINDED_AT_ONCE: Final = 1000
CLEANED_AT_ONCE: Final = 2000
"""So many carts are touched by one message; the rest by one that follows."""


class CartUpkeep:
    """Works in one unit of work: what it writes and what it publishes is committed together."""

    def __init__(self, carts: CartUpkeepRepository, publisher: Publisher) -> None:
        self._carts = carts
        self._publisher = publisher

    async def remind(self, slot: datetime) -> None:
        """End locks that are over, and remind customers of what they left 1, 24 and 72 hours before `slot`."""
        await self._carts.unlock(slot)
        abandoned = await self._carts.take_abandoned(slot, REMINDED_AT_ONCE)
        for cart in abandoned:
            self._publisher.publish(reminder_of(cart, slot))
        if len(abandoned) == REMINDED_AT_ONCE:
            self._publisher.publish(RemindOfAbandonedCarts(slot=slot))

    async def clean(self, slot: datetime, days_old: int) -> None:
        """Delete carts that nobody has touched for so many days before `slot`, unless there is money on them."""
        gone = await self._carts.clean(slot, slot - timedelta(days=days_old), CLEANED_AT_ONCE)
        cancel_reminders(self._publisher, (cart_id for cart_id, reminders in gone if reminders), "the cart has expired")
        if len(gone) == CLEANED_AT_ONCE:
            self._publisher.publish(CleanupExpiredCarts(days_old=days_old, slot=slot))
