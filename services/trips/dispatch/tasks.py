"""Ends of offers by message."""

from services.trips import deps
from shared.contracts.trips import ExpireOffer
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ExpireOffer)
async def expire_offer(session: Session, received: Received[ExpireOffer]) -> None:
    """End an offer that nobody has answered, and ask the next candidate."""
    await deps.dispatch(session).expire(received.message.assignment_id, received.message.slot or received.occurred_at)
