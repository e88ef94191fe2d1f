"""What a worker does with the messages about campaigns."""

from collections.abc import Sequence

from services.notifications import deps
from shared.contracts.notifications import AdvanceCampaign, StartDueCampaigns
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task_many(AdvanceCampaign)
async def advance_campaign(session: Session, received: Sequence[Received[AdvanceCampaign]]) -> None:
    """Sends running campaigns to their next recipients."""
    await deps.campaign_steps(session).take([one.message for one in received])


@task(StartDueCampaigns)
async def start_due_campaigns(session: Session, received: Received[StartDueCampaigns]) -> None:
    """Starts campaigns whose time has come."""
    await deps.campaign_changes(session).start_due(received.message)
