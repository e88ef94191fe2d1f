"""Statements on plans."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from services.payments.plans.models import Plan, PlanVersion
from shared.runtime.db import ReadSession, Session

_Other = aliased(PlanVersion)
_NEWEST = select(func.max(_Other.number)).where(_Other.plan_id == Plan.id).scalar_subquery()
_JOINED: Final = select(Plan, PlanVersion).join(PlanVersion, and_(PlanVersion.plan_id == Plan.id, PlanVersion.number == _NEWEST))


class PlanReader:
    """What is read of plans. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, plan_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> tuple[Plan, PlanVersion] | None:
        """A plan and its newest terms; with `lock` held as it is until the unit of work ends."""
        query = _JOINED.where(Plan.id == plan_id)
        if organization_id is not None:
            query = query.where(Plan.organization_id == organization_id)
        if lock:
            query = query.with_for_update(of=Plan, key_share=True)
        row = (await self._session.execute(query.execution_options(populate_existing=True))).one_or_none()
        return (row[0], row[1]) if row is not None else None

    async def newest(self, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[tuple[Plan, PlanVersion]]:
        """The newest first, from after `after` on."""
        query = _JOINED.order_by(Plan.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Plan.organization_id == organization_id)
        if after is not None:
            query = query.where(Plan.id < after)
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def versions(self, plan_id: UUID) -> Sequence[PlanVersion]:
        """All terms of a plan, the newest first; at most 100."""
        query = select(PlanVersion).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.number.desc()).limit(100)
        return (await self._session.scalars(query)).all()

    async def version(self, version_id: UUID) -> PlanVersion | None:
        """The terms with this id."""
        return await self._session.get(PlanVersion, version_id)


class PlanRepository(PlanReader):
    """What is written of plans."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any], *, by: str, at: datetime) -> Plan | None:
        """Write a new plan; None where its code is taken."""
        row = {**values, "active": True, "version": 1, "created_at": at, "updated_at": at, "updated_by": by}
        created = upsert(Plan).values(**row).on_conflict_do_nothing().returning(Plan)
        return (await self._writing.scalars(created)).one_or_none()

    async def add_version(self, values: Mapping[str, Any], *, by: str, at: datetime) -> PlanVersion:
        """Write new terms."""
        added = insert(PlanVersion).values(**values, created_at=at, created_by=by).returning(PlanVersion)
        return (await self._writing.scalars(added)).one()

    async def change(self, plan_id: UUID, values: Mapping[str, Any], *, by: str, at: datetime) -> Plan:
        """Write a change of a plan that is held under its next version."""
        row = {**values, "version": Plan.version + 1, "updated_at": at, "updated_by": by}
        changed = update(Plan).where(Plan.id == plan_id).values(**row).returning(Plan)
        return (await self._writing.scalars(changed.execution_options(populate_existing=True))).one()
