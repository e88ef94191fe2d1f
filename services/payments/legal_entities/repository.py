"""Reading and writing legal entities."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.legal_entities.models import LegalEntity, LegalEntityContent
from shared.runtime.db import ReadSession, Session

_OTHERS_GIVE_WAY: Final = text("""
    UPDATE legal_entities SET is_default = false, version = version + 1, updated_at = :at, updated_by = :by
     WHERE organization_id = :organization_id AND is_default AND id <> :id
""")
_IS_NAMED: Final = text("""
    SELECT EXISTS (SELECT FROM invoices WHERE legal_entity_id = :id)
        OR EXISTS (SELECT FROM invoice_counters WHERE legal_entity_id = :id)
        OR EXISTS (SELECT FROM orders WHERE legal_entity_id = :id)
""")
# Whoever names prefixes of a GSTIN waits here for whoever does so now; the table's key is what decides.
_LOCK_GSTIN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('gst_series:' || :gstin, 0))")
_TAKEN: Final = text("""
    SELECT series FROM gst_series WHERE gstin = :gstin AND legal_entity_id IS DISTINCT FROM CAST(:but AS uuid)
    UNION
    SELECT unnest(ARRAY[invoice_prefix, credit_note_prefix]) FROM legal_entities
     WHERE gstin = :gstin AND id IS DISTINCT FROM CAST(:but AS uuid)
""")
_SHARED: Final = text("""
    SELECT entity.id, claim.series
      FROM legal_entities AS entity
      JOIN gst_series AS claim ON claim.gstin = entity.gstin AND claim.legal_entity_id <> entity.id
                              AND claim.series IN (entity.invoice_prefix, entity.credit_note_prefix)
     WHERE entity.id = ANY (CAST(:ids AS uuid[])) ORDER BY entity.id, claim.series
""")


class LegalEntityReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, *, organization_id: UUID | None, after: UUID | None, limit: int) -> Sequence[LegalEntity]:
        """The newest first, an organization's or everybody's."""
        query = select(LegalEntity).order_by(LegalEntity.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(LegalEntity.organization_id == organization_id)
        if after is not None:
            query = query.where(LegalEntity.id < after)
        return (await self._session.scalars(query)).all()

    async def find(self, entity_id: UUID, *, organization_id: UUID | None) -> LegalEntity | None:
        """The legal entity, if it is the organization's; anybody's for None."""
        found = await self._session.get(LegalEntity, entity_id, populate_existing=True)
        return found if found is not None and organization_id in (None, found.organization_id) else None

    async def default_of(self, organization_id: UUID) -> LegalEntity | None:
        """The one that issues where nobody names another one."""
        query = select(LegalEntity).where(LegalEntity.organization_id == organization_id, LegalEntity.is_default)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def shared_prefixes(self, entities: Collection[UUID]) -> dict[UUID, list[str]]:
        """The prefixes of these that are another one's under their GSTIN."""
        shared = dict[UUID, list[str]]()
        for row in await self._session.execute(_SHARED, {"ids": sorted(entities)}):
            shared.setdefault(row.id, []).append(row.series)
        return shared


class LegalEntityRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, entity_id: UUID, *, organization_id: UUID | None) -> LegalEntity | None:
        """As `LegalEntityReader.find`; nobody else changes it until the transaction ends."""
        found = await self._session.get(LegalEntity, entity_id, populate_existing=True, with_for_update=True)
        return found if found is not None and organization_id in (None, found.organization_id) else None

    async def make_room(self, organization_id: UUID, entity_id: UUID, at: datetime, by: str) -> None:
        """Let whichever other one is the default be so no longer."""
        await self._session.execute(_OTHERS_GIVE_WAY, {"organization_id": organization_id, "id": entity_id, "at": at, "by": by})

    async def taken_prefixes(self, gstin: str, entity_id: UUID) -> frozenset[str]:
        """What others with a GSTIN have; nobody else names any of it until the transaction ends. Rows are locked before."""
        await self._session.execute(_LOCK_GSTIN, {"gstin": gstin})
        return frozenset((await self._session.scalars(_TAKEN, {"gstin": gstin, "but": entity_id})).all())

    async def insert(self, entity: LegalEntity) -> None:
        """Write a new one."""
        self._session.add(entity)
        await self._session.flush()

    async def replace(self, entity: LegalEntity, content: LegalEntityContent, at: datetime, by: str) -> None:
        """Write what a locked one says from now on."""
        for name, value in asdict(content).items():
            setattr(entity, name, value)
        entity.version, entity.updated_at, entity.updated_by = entity.version + 1, at, by
        await self._session.flush()

    async def is_named(self, entity_id: UUID) -> bool:
        """Whether an order, an invoice, a draft of one or a counter names it."""
        return bool(await self._session.scalar(_IS_NAMED, {"id": entity_id}))

    async def delete(self, entity: LegalEntity) -> None:
        """Take it away."""
        await self._session.delete(entity)
        await self._session.flush()
