"""/v1/plans: create, read, list, publish new terms, open and close."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.payments import subscription_deps as deps
from services.payments.actors import actor
from services.payments.auth import PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.catalog.errors import OF_SALE
from services.payments.paging import after_id
from services.payments.plans.errors import PlanCurrencyFixed, PlanExists, PlanNotFound, PlanTooLarge
from services.payments.plans.repository import PlanReader
from services.payments.plans.schemas import PlanChange, PlanIn, PlanOut, VersionIn, VersionOut
from services.payments.plans.service import plan_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/plans", tags=["plans"], route_class=IdempotentRoute)

PlanId = Annotated[UUID, Path(description="The plan's id.")]


@router.get("", name="list", summary="List plans")
async def list_plans(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[PlanOut]:
    """The newest first, each with its newest terms."""
    found = await PlanReader(db).newest(organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page([PlanOut.of(*row) for row in found], PlanOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a plan", responses=problems(PlanExists, PlanTooLarge, *OF_SALE))
async def create(
    body: PlanIn,
    request: Request,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> PlanOut:
    """With its first terms."""
    plan, version = await deps.plans(db, runtime_of(request).clock, by=actor(principal)).create(organization_id, body)
    response.headers["Location"] = f"/v1/plans/{plan.id}"
    etag.show(plan.version)
    return PlanOut.of(plan, version)


@router.get("/{plan_id:uuid}", summary="Read a plan", responses=problems(PlanNotFound))
async def get(plan_id: PlanId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> PlanOut:
    """With its newest terms."""
    plan, version = await plan_of(PlanReader(db), plan_id, organization_id)
    etag.show(plan.version)
    return PlanOut.of(plan, version)


@router.get("/{plan_id:uuid}/versions", name="versions", summary="List a plan's terms", responses=problems(PlanNotFound))
async def versions(plan_id: PlanId, organization_id: ReadableOrganization, db: ReadDb) -> list[VersionOut]:
    """The newest first. Subscriptions keep those that they were made by; at most 100 are shown."""
    plan, _ = await plan_of(PlanReader(db), plan_id, organization_id)
    return [VersionOut.model_validate(version) for version in await PlanReader(db).versions(plan.id)]


@router.post(
    "/{plan_id:uuid}/versions",
    name="publish",
    status_code=201,
    summary="Publish new terms",
    responses=problems(PlanNotFound, PlanCurrencyFixed, PlanTooLarge, *OF_SALE),
)
async def publish(
    plan_id: PlanId, body: VersionIn, request: Request, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch, etag: ETag
) -> PlanOut:
    """For those who subscribe or change their plan from now on. Repeated with the same If-Match it is refused."""
    plans = deps.plans(db, runtime_of(request).clock, by=actor(principal))
    plan, version = await plans.publish(plan_id, principal.organization_id, body, if_match.check)
    etag.show(plan.version)
    return PlanOut.of(plan, version)


@router.patch("/{plan_id:uuid}", summary="Open or close a plan", responses=problems(PlanNotFound))
async def change(
    plan_id: PlanId, body: PlanChange, request: Request, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch, etag: ETag
) -> PlanOut:
    """A closed plan takes no new subscriptions, and those that there are go on."""
    plans = deps.plans(db, runtime_of(request).clock, by=actor(principal))
    plan, version = await plans.set_active(plan_id, principal.organization_id, if_match.check, active=body.active)
    etag.show(plan.version)
    return PlanOut.of(plan, version)
