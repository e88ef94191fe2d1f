"""Carts by the clock."""

from services.payments import orders_deps as deps
from shared.contracts.payments import CleanupExpiredCarts, RemindOfAbandonedCarts
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(RemindOfAbandonedCarts)
async def remind_of_abandoned_carts(session: Session, received: Received[RemindOfAbandonedCarts]) -> None:
    """Remind customers of what they have left in their carts."""
    await deps.cart_upkeep(session).remind(received.message.slot or received.occurred_at)


@task(CleanupExpiredCarts)
async def cleanup_expired_carts(session: Session, received: Received[CleanupExpiredCarts]) -> None:
    """Delete carts that were left for too long."""
    message = received.message
    await deps.cart_upkeep(session).clean(message.slot or received.occurred_at, message.days_old)
