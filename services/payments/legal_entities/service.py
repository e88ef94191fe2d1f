"""Legal entities: writing them, and saying whether they can issue."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from services.payments.legal_entities.errors import (
    LegalEntityIncomplete,
    LegalEntityInUse,
    LegalEntityNotFound,
    NoLegalEntity,
)
from services.payments.legal_entities.models import LegalEntity, LegalEntityContent
from services.payments.legal_entities.repository import LegalEntityReader, LegalEntityRepository
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_MEND: Final = "add it with PUT /v1/legal-entities/{id}"


class LegalEntities:
    """Writes in one unit of work; `organization_id` is whose the caller may touch, None for anybody's."""

    def __init__(self, repository: LegalEntityRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def create(self, organization_id: UUID, content: LegalEntityContent, *, by: str) -> LegalEntity:
        """A new one."""
        at = self._clock()
        entity = LegalEntity(
            id=uuid7(),
            organization_id=organization_id,
            version=1,
            created_at=at,
            updated_at=at,
            updated_by=by,
            **asdict(content),
        )
        await self._repository.insert(entity)
        return entity

    async def lock(self, entity_id: UUID, organization_id: UUID | None) -> LegalEntity:
        """To change it. Raises LegalEntityNotFound."""
        return found(await self._repository.lock(entity_id, organization_id=organization_id))

    async def replace(self, entity: LegalEntity, content: LegalEntityContent, *, by: str) -> None:
        """What a locked one says from now on; documents that are issued keep what it said."""
        await self._repository.replace(entity, content, self._clock(), by)

    async def delete(self, entity: LegalEntity) -> None:
        """Take a locked one away. Raises LegalEntityInUse."""
        if await self._repository.is_named(entity.id):
            raise LegalEntityInUse("orders or invoices name this legal entity, so it stays; make another one the default")
        await self._repository.delete(entity)


class Sellers:
    """Finds who issues."""

    def __init__(self, entities: LegalEntityReader) -> None:
        self._entities = entities

    async def of(self, organization_id: UUID, named: UUID | None) -> LegalEntity:
        """The named one, or the organization's default. Raises LegalEntityNotFound and NoLegalEntity."""
        if named is not None:
            return found(await self._entities.find(named, organization_id=organization_id))
        entity = await self._entities.default_of(organization_id)
        if entity is None:
            raise NoLegalEntity("create the seller with POST /v1/legal-entities, or make one the default with `is_default`")
        return entity


def found(entity: LegalEntity | None) -> LegalEntity:
    """The entity that is there. Raises LegalEntityNotFound."""
    if entity is None:
        raise LegalEntityNotFound("there is no legal entity with this id; GET /v1/legal-entities lists those that you may see")
    return entity


def missing(entity: LegalEntity) -> Sequence[str]:
    """The fields without which no invoice is issued: rule 46(a) of the CGST Rules asks for name, address and GSTIN."""
    needed = {"address": entity.address, "state_code": entity.state_code if entity.gstin else "none"}
    return [name for name, value in needed.items() if value is None]


def require_complete(entity: LegalEntity) -> None:
    """Raises LegalEntityIncomplete with what is missing."""
    lacking = missing(entity)
    if lacking:
        raise LegalEntityIncomplete(f"the legal entity has no {' and no '.join(lacking)}; {_MEND}", missing=lacking)
