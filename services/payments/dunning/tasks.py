"""Dunning by message."""

from services.payments import subscription_deps as deps
from shared.contracts.payments import ProcessDunning
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ProcessDunning)
async def process_dunning(session: Session, received: Received[ProcessDunning]) -> None:
    """Make the tries that are due, and give up what has used up its time."""
    await deps.dunning(session).run(received.message.slot or received.occurred_at)
