"""Statements on the texts that templates have made for deliveries that have not ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class KeptText:
    """What a template made, and of which version; subject, address and version stand in the delivery."""

    delivery_id: UUID
    to_name: str | None
    text: str
    html: str | None
    to_address: str
    subject: str | None
    template_version: int | None


@dataclass(frozen=True, slots=True)
class TextRow:
    """What is kept beside the delivery."""

    delivery_id: UUID
    to_name: str | None
    text: str
    html: str | None


_KEEP: Final = text("""
    INSERT INTO delivery_texts (delivery_id, to_name, text, html)
    SELECT delivery_id, to_name, text, html
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:to_name AS text[]), CAST(:text AS text[]), CAST(:html AS text[]))
           AS row(delivery_id, to_name, text, html)
     ORDER BY delivery_id
    ON CONFLICT (delivery_id) DO NOTHING
""")

_KEPT: Final = text("""
    SELECT delivery_id, to_name, text, html, to_address, subject, template_version
      FROM delivery_texts JOIN deliveries ON deliveries.id = delivery_id
     WHERE delivery_id = ANY(CAST(:ids AS uuid[]))
""")


_ADDRESSES: Final = text("""
    SELECT delivery_id, to_address, to_name FROM delivery_texts JOIN deliveries ON deliveries.id = delivery_id
     WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND to_address IS NOT NULL
""")


class TextRepository:
    """Texts that every attempt of their delivery shares."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def keep(self, rows: Sequence[TextRow]) -> None:
        """Keep texts until their deliveries end; what is kept already stays."""
        columns = {field.name: [getattr(row, field.name) for row in rows] for field in fields(TextRow)}
        await self._session.execute(_KEEP, columns)

    async def kept(self, ids: Sequence[UUID]) -> Mapping[UUID, KeptText]:
        """The texts of those of these deliveries that have one."""
        found: Any = await self._session.execute(_KEPT, {"ids": list(ids)})
        return {row.delivery_id: KeptText(*row) for row in found}

    async def addresses(self, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str | None]]:
        """Addresses and names to which the kept texts go."""
        found: Any = await self._session.execute(_ADDRESSES, {"ids": list(ids)})
        return {row.delivery_id: (row.to_address, row.to_name) for row in found}
