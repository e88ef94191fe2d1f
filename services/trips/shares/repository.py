"""Statements on share links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.trips.shares.models import ShareLink
from services.trips.trips.models import Trip
from shared.runtime.db import ReadSession, Session


class ShareReader:
    """What is read of share links."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def by_token(self, token_hash: bytes) -> tuple[ShareLink, Trip] | None:
        """The link with this token, revoked or not, and its trip."""
        query = select(ShareLink, Trip).join(Trip, Trip.id == ShareLink.trip_id).where(ShareLink.token_hash == token_hash)
        found = (await self._session.execute(query)).one_or_none()
        return None if found is None else (found[0], found[1])

    async def of_trip(self, trip_id: UUID) -> Sequence[ShareLink]:
        """The links of a trip, the newest first."""
        query = select(ShareLink).where(ShareLink.trip_id == trip_id).order_by(ShareLink.id.desc())
        return (await self._session.scalars(query)).all()

    async def count(self, trip_id: UUID) -> int:
        """How many links a trip has."""
        query = select(func.count()).select_from(ShareLink).where(ShareLink.trip_id == trip_id)
        return (await self._session.execute(query)).scalar_one()


class ShareRepository(ShareReader):
    """What is written of share links."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def insert(self, values: dict[str, Any]) -> ShareLink:
        """Write a new link."""
        return (await self._writing.scalars(insert(ShareLink).values(**values).returning(ShareLink))).one()

    async def revoke(self, link_id: UUID, organization_id: UUID | None, now: datetime) -> ShareLink | None:
        """Revoke a link; one that is revoked keeps its time. None where there is none."""
        change = update(ShareLink).where(ShareLink.id == link_id)
        if organization_id is not None:
            change = change.where(ShareLink.organization_id == organization_id)
        revoked = change.values(revoked_at=func.coalesce(ShareLink.revoked_at, now)).returning(ShareLink)
        return (await self._writing.scalars(revoked.execution_options(populate_existing=True))).one_or_none()
