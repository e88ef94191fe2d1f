"""Statements on the texts that templates have made for deliveries that have not ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.templates.version_models import Uses, as_json, from_json
from shared.runtime.db import Session


@dataclass(frozen=True, slots=True)
class KeptText:
    """What a template made, and of which versions; subject, address and versions stand in the delivery."""

    delivery_id: UUID
    to_name: str | None
    text: str
    html: str | None
    to_address: str
    subject: str | None
    template_version: int | None
    template_versions: Uses


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of deliveries before an attempt. texts: that every attempt shares. versions: of which those are to be made
    that have none yet."""

    texts: Mapping[UUID, KeptText]
    versions: Mapping[UUID, Uses]


@dataclass(frozen=True, slots=True)
class TextRow:
    """What is kept beside the delivery."""

    delivery_id: UUID
    to_name: str | None
    text: str
    html: str | None


_NOT_MADE: Final[Mapping[UUID, int]] = MappingProxyType({})

_KEEP: Final = text("""
    INSERT INTO delivery_texts (delivery_id, to_name, text, html)
    SELECT delivery_id, to_name, text, html
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:to_name AS text[]), CAST(:text AS text[]), CAST(:html AS text[]))
           AS row(delivery_id, to_name, text, html)
     ORDER BY delivery_id
    ON CONFLICT (delivery_id) DO NOTHING
""")

# What failed is made anew, of what is published by then.
_KEPT: Final = text("""
    SELECT deliveries.id, delivery_id IS NOT NULL AS has_text, to_name, text, html, to_address, subject, template_version,
           template_versions
      FROM deliveries LEFT JOIN delivery_texts ON delivery_id = deliveries.id
     WHERE deliveries.id = ANY(CAST(:ids AS uuid[]))
       AND (delivery_id IS NOT NULL OR template_versions IS NOT NULL AND status IN ('queued', 'sending'))
""")

_SETTLE: Final = text("""
    UPDATE deliveries
       SET template_versions = row.template_versions,
           template_version = coalesce(row.template_version, deliveries.template_version)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS jsonb[]), CAST(:counting AS int[]))
           AS row(id, template_versions, template_version)
     WHERE deliveries.id = row.id AND deliveries.template_versions IS DISTINCT FROM row.template_versions
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

    async def kept(self, ids: Sequence[UUID]) -> Kept:
        """The texts, and where there is none yet the settled versions, of those of these deliveries that have them."""
        texts: dict[UUID, KeptText] = {}
        versions: dict[UUID, Uses] = {}
        for row in await self._session.execute(_KEPT, {"ids": list(ids)}):
            uses = from_json(row.template_versions)
            if row.has_text:
                said = (row.to_name, row.text, row.html, row.to_address, row.subject)
                texts[row.id] = KeptText(row.id, *said, row.template_version, uses)
            else:
                versions[row.id] = uses
        return Kept(texts, versions)

    async def settle(self, versions: Mapping[UUID, Uses], counting: Mapping[UUID, int] = _NOT_MADE) -> None:
        """Of which versions these deliveries, which exist by now, are made. counting: the first one's number, of what is made."""
        ids = sorted(versions)
        columns = {"versions": [as_json(versions[key]) for key in ids], "counting": [counting.get(key) for key in ids]}
        await self._session.execute(_SETTLE, {"ids": ids, **columns})

    async def addresses(self, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str | None]]:
        """Addresses and names to which the kept texts go."""
        found: Any = await self._session.execute(_ADDRESSES, {"ids": list(ids)})
        return {row.delivery_id: (row.to_address, row.to_name) for row in found}
