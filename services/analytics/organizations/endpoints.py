"""/v1/access/organizations: the tenants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.analytics import access_deps
from services.analytics.auth import AnalyticsOverseer, AnalyticsRead
from services.analytics.organizations.errors import OrganizationNotFound, OrganizationTaken
from services.analytics.organizations.repository import OrganizationReader
from services.analytics.organizations.schemas import OrganizationChange, OrganizationIn, OrganizationOut, Why
from services.analytics.organizations.service import Organizations, organization_of
from services.analytics.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/access/organizations", tags=["organizations"])

OrganizationId = Annotated[UUID, Path(description="The organization's id.")]


def _desk(request: Request, principal: AnalyticsOverseer, db: WriteDb) -> Organizations:
    runtime = runtime_of(request)
    # What this process believes of its callers may be about to change.
    runtime.authenticator.forget()
    return access_deps.organizations(db, runtime, by=principal.id)


@router.get("", name="list", summary="List organizations")
async def list_organizations(principal: AnalyticsRead, db: ReadDb, paging: Paging) -> Page[OrganizationOut]:
    """The newest first. A caller who is bound to one sees that one."""
    rows = await OrganizationReader(db).newest(principal.organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, OrganizationOut, key=lambda row: (row.id,))


@router.post("", name="create", status_code=201, summary="Create an organization", responses=problems(OrganizationTaken))
async def create(
    principal: AnalyticsOverseer, body: OrganizationIn, request: Request, response: Response, db: WriteDb, etag: ETag
) -> OrganizationOut:
    """Every service is told. With an id of one's own, a repeated request creates nothing."""
    created = await _desk(request, principal, db).create(body)
    response.headers["Location"] = f"/v1/access/organizations/{created.id}"
    etag.show(created.version)
    return OrganizationOut.model_validate(created)


@router.get("/{organization_id:uuid}", name="get", summary="Read an organization", responses=problems(OrganizationNotFound))
async def get(principal: AnalyticsRead, organization_id: OrganizationId, db: ReadDb, etag: ETag) -> OrganizationOut:
    """As it is now."""
    found = await organization_of(OrganizationReader(db), organization_id, principal.organization_id)
    etag.show(found.version)
    return OrganizationOut.model_validate(found)


@router.patch(
    "/{organization_id:uuid}", name="change", summary="Rename an organization", responses=problems(OrganizationNotFound)
)
async def change(
    principal: AnalyticsOverseer,
    organization_id: OrganizationId,
    body: OrganizationChange,
    request: Request,
    db: WriteDb,
    etag: ETag,
    if_match: IfMatch,
) -> OrganizationOut:
    """Every service is told."""
    changed = await _desk(request, principal, db).rename(organization_id, body.values(), if_match.check)
    etag.show(changed.version)
    return OrganizationOut.model_validate(changed)


@router.post(
    "/{organization_id:uuid}/suspend", name="suspend", summary="Suspend an organization", responses=problems(OrganizationNotFound)
)
async def suspend(
    principal: AnalyticsOverseer, organization_id: OrganizationId, body: Why, request: Request, db: WriteDb
) -> OrganizationOut:
    """Whoever is bound to it is refused by every service within seconds, with tokens and API keys alike."""
    changed = await _desk(request, principal, db).become(organization_id, "suspended", body.reason)
    return OrganizationOut.model_validate(changed)


@router.post(
    "/{organization_id:uuid}/resume",
    name="resume",
    summary="Let an organization in again",
    responses=problems(OrganizationNotFound),
)
async def resume(
    principal: AnalyticsOverseer, organization_id: OrganizationId, body: Why, request: Request, db: WriteDb
) -> OrganizationOut:
    """What was not revoked meanwhile is good again."""
    changed = await _desk(request, principal, db).become(organization_id, "active", body.reason)
    return OrganizationOut.model_validate(changed)
