"""What is published of a campaign and not sent yet waits while it is paused, and is dropped once it is cancelled.

Whoever resumes or cancels the campaign lets it come; see advance.py.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.campaigns.models import PAUSED, CampaignStatus, campaign_of
from services.notifications.campaigns.repository import CampaignReader, Stopped
from services.notifications.gates.gate import Candidate, Hold, Obstacle, Stop
from shared.runtime.db import Session

HOLD: Final = timedelta(hours=6)
"""After so long it is looked at again, in case nobody has let it come."""

CANCELLED: Final = "campaign_cancelled"


class CampaignGate:
    """A Gate. Looks at messages of campaigns only, in one statement for all of a batch."""

    async def check(self, session: Session, candidates: Sequence[Candidate], now: datetime) -> Mapping[UUID, Obstacle]:
        """Hold what belongs to a paused campaign, stop what belongs to a cancelled one."""
        campaigns = {one.id: campaign for one in candidates if (campaign := campaign_of(one.subject_key)) is not None}
        if not campaigns:
            return {}
        stopped = await CampaignReader(session).stopped(sorted(set(campaigns.values())))
        return {one: _obstacle(stopped[campaign], now) for one, campaign in campaigns.items() if campaign in stopped}


def _obstacle(stopped: Stopped, now: datetime) -> Obstacle:
    if stopped.status is CampaignStatus.CANCELLED:
        return Stop(CANCELLED, "the campaign was cancelled")
    return Hold(PAUSED, "the campaign is paused", now + HOLD, occasion=str(stopped.revision))
