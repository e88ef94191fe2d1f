"""What a worker does with gateways' events."""

from collections.abc import Sequence

from services.payments import webhook_deps
from shared.contracts.payments import ApplyGatewayEvents, PruneGatewayEvents
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task_many(ApplyGatewayEvents)
async def apply_gateway_events(session: Session, received: Sequence[Received[ApplyGatewayEvents]]) -> None:
    """Bring payments to what gateways have reported, all of a batch at once."""
    applying = webhook_deps.webhook_applying(session, lambda: max(one.occurred_at for one in received))
    await applying.apply([key for one in received for key in one.message.event_ids])


@task(PruneGatewayEvents)
async def prune_gateway_events(session: Session, received: Received[PruneGatewayEvents]) -> None:
    """Forget what is old."""
    slot = received.message.slot or received.occurred_at
    await webhook_deps.webhook_applying(session, lambda: received.occurred_at).prune(slot)
