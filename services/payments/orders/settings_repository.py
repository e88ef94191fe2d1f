"""Statements on the settings of orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.payments.orders.models import OrderSettings
from shared.runtime.db import ReadSession, Session


class OrderSettingsReader:
    """What is read of them."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID, *, lock: bool = False) -> OrderSettings | None:
        """An organization's; with `lock` held until the unit of work ends."""
        query = select(OrderSettings).where(OrderSettings.organization_id == organization_id)
        query = query.with_for_update() if lock else query
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()


class OrderSettingsRepository(OrderSettingsReader):
    """What is written of them."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def put(self, values: dict[str, Any], *, seen: int, by: str, at: datetime) -> OrderSettings | None:
        """Create or replace an organization's. seen: the version that is replaced, 0 for none; None where it is another."""
        stamp = {"updated_at": at, "updated_by": by}
        statement = insert(OrderSettings).values(**values, **stamp, version=1)
        put = statement.on_conflict_do_update(
            index_elements=["organization_id"],
            set_=values | stamp | {"version": OrderSettings.version + 1},
            where=OrderSettings.version == seen,
        ).returning(OrderSettings)
        return (await self._writing.scalars(put.execution_options(populate_existing=True))).one_or_none()
