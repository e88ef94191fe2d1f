"""What the analytics service tells of access."""

from collections.abc import Sequence

from shared.contracts.analytics import ApiKeyChanged, OrganizationChanged, TokensRevoked
from shared.runtime.auth import projections
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(OrganizationChanged)
async def keep_organizations(session: Session, received: Sequence[Received[OrganizationChanged]]) -> None:
    """Organizations as they are now."""
    await projections.keep_organizations(session, received)


@task_many(TokensRevoked)
async def keep_revocations(session: Session, received: Sequence[Received[TokensRevoked]]) -> None:
    """Tokens that are refused from now on."""
    await projections.keep_revocations(session, received)


@task_many(ApiKeyChanged)
async def keep_api_keys(session: Session, received: Sequence[Received[ApiKeyChanged]]) -> None:
    """API keys that open this service, and those that do not any more."""
    await projections.keep_api_keys(session, received)
