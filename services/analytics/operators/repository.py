"""Statements on operators."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.analytics.operators.models import Operator
from shared.runtime.db import ReadSession, Session


class OperatorReader:
    """Reads. bound_to: the organization that a caller is bound to, who sees its operators alone; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, operator_id: UUID, bound_to: UUID | None = None, *, lock: bool = False) -> Operator | None:
        """One; with `lock` held until the unit of work ends."""
        query = select(Operator).where(Operator.id == operator_id)
        if bound_to is not None:
            query = query.where(Operator.organization_id == bound_to)
        if lock:
            query = query.with_for_update()
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def by_email(self, email: str) -> Operator | None:
        """The one who has this address, however it is written."""
        query = select(Operator).where(func.lower(Operator.email) == email.lower())
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, bound_to: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Operator]:
        """The newest first."""
        query = select(Operator).order_by(Operator.id.desc()).limit(limit)
        if bound_to is not None:
            query = query.where(Operator.organization_id == bound_to)
        if after is not None:
            query = query.where(Operator.id < after)
        return (await self._session.scalars(query)).all()


class OperatorRepository(OperatorReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any], now: datetime) -> Operator | None:
        """Write a new one; None where the address is taken."""
        row = {**values, "version": 1, "created_at": now, "updated_at": now}
        created = insert(Operator).values(**row).on_conflict_do_nothing().returning(Operator)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, operator_id: UUID, values: Mapping[str, Any], now: datetime) -> Operator:
        """Write a change under the next version."""
        changed = (
            update(Operator)
            .where(Operator.id == operator_id)
            .values(**values, version=Operator.version + 1, updated_at=now)
            .returning(Operator)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def came_in(self, operator_id: UUID, now: datetime, password_hash: str | None) -> None:
        """Note a login, and the password's hash where it was made anew. No change that anybody has to know the version of."""
        values: dict[str, Any] = {"last_login_at": now}
        if password_hash is not None:
            values["password_hash"] = password_hash
        await self._writing.execute(update(Operator).where(Operator.id == operator_id).values(**values))

    async def lock_administrators(self) -> Sequence[UUID]:
        """Who administers the whole installation; nobody is taken from them until the unit of work ends."""
        query = (
            select(Operator.id)
            .where(Operator.role == "admin", Operator.organization_id.is_(None), Operator.disabled_at.is_(None))
            .order_by(Operator.id)
            .with_for_update()
        )
        return (await self._writing.scalars(query)).all()
