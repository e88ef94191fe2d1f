"""Statements on organizations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.analytics.organizations.models import Organization
from shared.runtime.db import ReadSession, Session


class OrganizationReader:
    """Reads. bound_to: the organization that a caller is bound to, who sees no other; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID, bound_to: UUID | None = None, *, lock: bool = False) -> Organization | None:
        """One; with `lock` held until the unit of work ends."""
        query = select(Organization).where(Organization.id == organization_id)
        if bound_to is not None:
            query = query.where(Organization.id == bound_to)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, bound_to: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Organization]:
        """The newest first."""
        query = select(Organization).order_by(Organization.id.desc()).limit(limit)
        if bound_to is not None:
            query = query.where(Organization.id == bound_to)
        if after is not None:
            query = query.where(Organization.id < after)
        return (await self._session.scalars(query)).all()


class OrganizationRepository(OrganizationReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any]) -> Organization | None:
        """Write a new one; None where its id is taken."""
        created = insert(Organization).values(**values).on_conflict_do_nothing().returning(Organization)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, organization_id: UUID, values: Mapping[str, Any], now: datetime) -> Organization:
        """Write a change under the next version."""
        changed = (
            update(Organization)
            .where(Organization.id == organization_id)
            .values(**values, version=Organization.version + 1, changed_at=now)
            .returning(Organization)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()
