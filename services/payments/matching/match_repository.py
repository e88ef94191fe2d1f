"""Where orders stand on their way to manufacturers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.payments.matching.models import MatchState, OrderMatch
from shared.runtime.db import ReadSession


class MatchReader:
    """Reads. organization_id: None for a caller who sees everybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(
        self, organization_id: UUID | None, *, state: MatchState | None, after: UUID | None, limit: int
    ) -> Sequence[OrderMatch]:
        """The newest orders first."""
        query = select(OrderMatch).order_by(OrderMatch.order_id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(OrderMatch.organization_id == organization_id)
        if state is not None:
            query = query.where(OrderMatch.state == state)
        if after is not None:
            query = query.where(OrderMatch.order_id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, order_id: UUID, organization_id: UUID | None) -> OrderMatch | None:
        """Where an order stands, if it is one of the organization."""
        query = select(OrderMatch).where(OrderMatch.order_id == order_id)
        if organization_id is not None:
            query = query.where(OrderMatch.organization_id == organization_id)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()
