"""Legal entities: writing them, and saying whether they can issue."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from typing import Final
from uuid import UUID

from services.payments.legal_entities.errors import (
    LegalEntityIncomplete,
    LegalEntityInUse,
    LegalEntityNotFound,
    NoLegalEntity,
    SeriesTaken,
)
from services.payments.legal_entities.models import LegalEntity, LegalEntityContent
from services.payments.legal_entities.prefixes import CREDIT_NOTES, INVOICES, free_prefix
from services.payments.legal_entities.repository import LegalEntityReader, LegalEntityRepository
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7

_PREFIXES: Final = ("invoice_prefix", "credit_note_prefix")
_BASES: Final = (INVOICES, CREDIT_NOTES)
_TAKEN: Final = (
    "another legal entity with this GSTIN numbers its documents by {prefix}, and a number is unique for each GSTIN and year "
    "(CGST Rules, rule 46(b)); name another {field}, such as {free}, or leave it out"
)
_MEND: Final = "add it with PUT /v1/legal-entities/{id}"


class LegalEntities:
    """Writes in one unit of work; `organization_id` is whose the caller may touch, None for anybody's."""

    def __init__(self, repository: LegalEntityRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def create(self, organization_id: UUID, content: LegalEntityContent, *, by: str) -> LegalEntity:
        """A new one. Raises SeriesTaken."""
        at, entity_id = self._clock(), uuid7()
        if content.is_default:
            await self._repository.make_room(organization_id, entity_id, at, by)
        content = await self._numbered(entity_id, content, None)
        entity = LegalEntity(
            id=entity_id,
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
        """What a locked one says from now on; documents that are issued keep what it said. Raises SeriesTaken."""
        at = self._clock()
        if content.is_default:
            await self._repository.make_room(entity.organization_id, entity.id, at, by)
        content = await self._numbered(entity.id, content, entity)
        await self._repository.replace(entity, content, at, by)

    async def delete(self, entity: LegalEntity) -> None:
        """Take a locked one away. Raises LegalEntityInUse."""
        if await self._repository.is_named(entity.id):
            raise LegalEntityInUse("orders or invoices name this legal entity, so it stays; make another one the default")
        await self._repository.delete(entity)

    async def _numbered(self, entity_id: UUID, content: LegalEntityContent, before: LegalEntity | None) -> LegalEntityContent:
        """With its prefixes: what is named and free, or its own; what it shared from before there was a rule stays so."""
        gstin = content.gstin
        taken = await self._repository.taken_prefixes(gstin, entity_id) if gstin is not None else frozenset[str]()
        had = (before.invoice_prefix, before.credit_note_prefix) if before is not None else (None, None)
        if before is not None and before.gstin == gstin:
            taken -= frozenset(had)
        named = (content.invoice_prefix, content.credit_note_prefix)
        for field, prefix, base in zip(_PREFIXES, named, _BASES, strict=True):
            if prefix in taken:
                free = free_prefix(base, {*taken, *filter(None, named)})
                raise SeriesTaken(_TAKEN.format(prefix=prefix, field=field, free=free), free={field: free})
        invoices = named[0] or _first(had[0], INVOICES, taken | {named[1]})
        return replace(
            content,
            invoice_prefix=invoices,
            credit_note_prefix=named[1] or _first(had[1], CREDIT_NOTES, taken | {invoices}),
        )


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


def _first(had: str | None, base: str, taken: Collection[str | None]) -> str:
    """What it had, if it may have it still, or else one that is free."""
    return had if had is not None and had not in taken else free_prefix(base, {prefix for prefix in taken if prefix is not None})
