"""Reading and writing legal entities."""

from collections.abc import Sequence
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


class LegalEntityRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, entity_id: UUID, *, organization_id: UUID | None) -> LegalEntity | None:
        """As `LegalEntityReader.find`; nobody else changes it until the transaction ends."""
        found = await self._session.get(LegalEntity, entity_id, populate_existing=True, with_for_update=True)
        return found if found is not None and organization_id in (None, found.organization_id) else None

    async def insert(self, entity: LegalEntity) -> None:
        """Write a new one. Where it is the default, the one before is no longer."""
        await self._make_room(entity)
        self._session.add(entity)
        await self._session.flush()

    async def replace(self, entity: LegalEntity, content: LegalEntityContent, at: datetime, by: str) -> None:
        """Write what a locked one says from now on."""
        for name, value in asdict(content).items():
            setattr(entity, name, value)
        entity.version, entity.updated_at, entity.updated_by = entity.version + 1, at, by
        with self._session.no_autoflush:
            await self._make_room(entity)
        await self._session.flush()

    async def is_named(self, entity_id: UUID) -> bool:
        """Whether an order, an invoice, a draft of one or a counter names it."""
        return bool(await self._session.scalar(_IS_NAMED, {"id": entity_id}))

    async def delete(self, entity: LegalEntity) -> None:
        """Take it away."""
        await self._session.delete(entity)
        await self._session.flush()

    async def _make_room(self, entity: LegalEntity) -> None:
        if entity.is_default:
            bound = {"organization_id": entity.organization_id, "id": entity.id}
            await self._session.execute(_OTHERS_GIVE_WAY, {"at": entity.updated_at, "by": entity.updated_by, **bound})
