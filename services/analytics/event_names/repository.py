"""Reading and writing names of events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.analytics.event_names.models import RegisteredName
from shared.runtime.db import ReadSession, Session


class NameReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def all(self) -> Sequence[RegisteredName]:
        """Those that were registered, by name."""
        return (await self._session.scalars(select(RegisteredName).order_by(RegisteredName.name))).all()


class NameRepository(NameReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def put(self, name: str, values: dict[str, Any], now: datetime, by: str) -> RegisteredName:
        """Register a name, or say anew what it means."""
        row = insert(RegisteredName).values(name=name, created_at=now, created_by=by, updated_at=now, **values)
        changed = row.on_conflict_do_update(index_elements=["name"], set_={**values, "updated_at": now})
        written = await self._session.scalars(changed.returning(RegisteredName), execution_options={"populate_existing": True})
        return written.one()
