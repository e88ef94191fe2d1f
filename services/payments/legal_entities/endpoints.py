"""/v1/legal-entities: an organization's sellers."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.payments import invoice_deps as deps
from services.payments.actors import actor
from services.payments.auth import PaymentsRead, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.legal_entities.errors import LegalEntityInUse, LegalEntityNotFound, SeriesTaken
from services.payments.legal_entities.models import LegalEntity
from services.payments.legal_entities.repository import LegalEntityReader
from services.payments.legal_entities.schemas import LegalEntityIn, LegalEntityOut
from services.payments.legal_entities.service import found, missing
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/legal-entities", tags=["legal-entities"], route_class=IdempotentRoute)


@router.get("", name="list", summary="List legal entities")
async def list_entities(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[LegalEntityOut]:
    """The newest first."""
    rows = await LegalEntityReader(db).newest(organization_id=organization_id, after=after_id(paging), limit=paging.fetch)
    shared = await LegalEntityReader(db).shared_prefixes([row.id for row in rows])
    return paging.page([_shown(row, shared) for row in rows], LegalEntityOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a legal entity", responses=problems(SeriesTaken))
async def create(
    body: LegalEntityIn,
    request: Request,
    response: Response,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> LegalEntityOut:
    """What an invoice needs beyond this is listed in `missing`."""
    service = deps.legal_entities(db, runtime_of(request).clock)
    entity = await service.create(organization_id, body.content(), by=actor(principal))
    response.headers["Location"] = f"/v1/legal-entities/{entity.id}"
    etag.show(entity.version)
    return _shown(entity, await LegalEntityReader(db).shared_prefixes([entity.id]))


@router.get("/{entity_id}", summary="Read a legal entity", responses=problems(LegalEntityNotFound))
async def get(entity_id: UUID, principal: PaymentsRead, db: ReadDb, etag: ETag) -> LegalEntityOut:
    """As it is now; documents that are issued keep what it said then."""
    entity = found(await LegalEntityReader(db).find(entity_id, organization_id=principal.organization_id))
    etag.show(entity.version)
    return _shown(entity, await LegalEntityReader(db).shared_prefixes([entity.id]))


@router.put("/{entity_id}", summary="Change a legal entity", responses=problems(LegalEntityNotFound, SeriesTaken))
async def replace(
    entity_id: UUID, body: LegalEntityIn, request: Request, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch, etag: ETag
) -> LegalEntityOut:
    """All of it; what is left out is taken away, but for the prefixes, which stay. Another prefix begins another series."""
    service = deps.legal_entities(db, runtime_of(request).clock)
    entity = await service.lock(entity_id, principal.organization_id)
    if_match.check(entity.version)
    await service.replace(entity, body.content(), by=actor(principal))
    etag.show(entity.version)
    return _shown(entity, await LegalEntityReader(db).shared_prefixes([entity.id]))


@router.delete(
    "/{entity_id}", status_code=204, summary="Delete a legal entity", responses=problems(LegalEntityNotFound, LegalEntityInUse)
)
async def delete(entity_id: UUID, request: Request, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """One that no invoice names."""
    service = deps.legal_entities(db, runtime_of(request).clock)
    entity = await service.lock(entity_id, principal.organization_id)
    if_match.check(entity.version)
    await service.delete(entity)


def _shown(entity: LegalEntity, shared: Mapping[UUID, list[str]]) -> LegalEntityOut:
    shown = LegalEntityOut.model_validate(entity)
    return shown.model_copy(update={"missing": list(missing(entity)), "shared_prefixes": shared.get(entity.id, [])})
