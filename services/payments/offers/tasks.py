"""Ends of offers by message."""

from services.payments import matching_deps as deps
from shared.contracts.payments import ExpireOffers
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ExpireOffers)
async def expire_offers(session: Session, received: Received[ExpireOffers]) -> None:
    """End the offers that stand for nothing any more."""
    await deps.offer_expiry(session).run(received.message.slot or received.occurred_at)
