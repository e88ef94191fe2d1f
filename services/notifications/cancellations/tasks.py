"""What a worker does with the messages about cancellations."""

from collections.abc import Sequence

from services.notifications import deps
from shared.contracts.notifications import CancelMessages
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(CancelMessages)
async def cancel_messages(session: Session, received: Sequence[Received[CancelMessages]]) -> None:
    """Drops what was asked for under a subject key and has not been sent."""
    await deps.cancelling(session).carry_out(received)
