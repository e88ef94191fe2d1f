"""What a service's handlers of the analytics service's access events do: keep what they tell, for `standing.py` to look at.

Each service has handlers of its own for them in `services/<name>/access/tasks.py`. Events may come in any order and again.
"""

from collections.abc import Sequence

from shared.contracts.analytics import ApiKeyChanged, OrganizationChanged, TokensRevoked
from shared.runtime.auth.standing_repository import StandingRepository
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received


async def keep_organizations(session: Session, received: Sequence[Received[OrganizationChanged]]) -> None:
    """Organizations as they are now."""
    await StandingRepository(session).organizations(one.message for one in received)


async def keep_revocations(session: Session, received: Sequence[Received[TokensRevoked]]) -> None:
    """Tokens that are refused."""
    await StandingRepository(session).revocations(each for one in received for each in one.message.revocations)


async def keep_api_keys(session: Session, received: Sequence[Received[ApiKeyChanged]]) -> None:
    """API keys as they are now."""
    await StandingRepository(session).keys(one.message for one in received)
