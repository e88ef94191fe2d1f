"""How manufacturers are reached."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession

_CONTACTS: Final = text("SELECT id, name, email FROM manufacturers WHERE id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Contact:
    """A manufacturer's name and address."""

    name: str
    email: str


class ContactReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of(self, manufacturer_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
        """Those of these manufacturers."""
        rows = await self._session.execute(_CONTACTS, {"ids": sorted(manufacturer_ids)})
        return {row.id: Contact(row.name, row.email) for row in rows}
