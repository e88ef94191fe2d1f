"""/v1/policies: list, read, create, publish versions, say which one applies, and count what one would have raised."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.alerts import deps
from services.alerts.auth import PolicyWriter, ReadableOrganization
from services.alerts.calendars.errors import UnknownCalendar
from services.alerts.paging import after_id
from services.alerts.policies.dry_run_schemas import DryRunIn, DryRunOut
from services.alerts.policies.errors import (
    CustomerWithoutOrganization,
    DefaultsNeedAdmin,
    EffectiveTooEarly,
    FallbackStays,
    PeriodNotCounted,
    PolicyExists,
    PolicyNotFound,
)
from services.alerts.policies.repository import PolicyReader
from services.alerts.policies.schemas import Day, Effective, PolicyIn, PolicyOut, PolicySummary, VersionIn
from services.alerts.shipments.errors import ShipmentNotFound
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=IdempotentRoute)

_TO_CREATE = problems(PolicyExists, CustomerWithoutOrganization, DefaultsNeedAdmin, EffectiveTooEarly, UnknownCalendar)
_TO_PUBLISH = problems(PolicyNotFound, FallbackStays, DefaultsNeedAdmin, EffectiveTooEarly, UnknownCalendar)


@router.get("", name="list", summary="List policies")
async def list_policies(
    request: Request, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[PolicySummary]:
    """The newest first: the organization's own, and those for all organizations, which apply where no narrower one does."""
    rows = await PolicyReader(db).newest(organization_id=organization_id, after=after_id(paging), limit=paging.fetch)
    shown = await deps.policy_catalogue(db).summaries(rows, today=_today(request))
    return paging.page(shown, PolicySummary, key=lambda row: (row.id,))


@router.get("/effective", summary="Explain which policy applies", responses=problems(ShipmentNotFound))
async def effective(
    request: Request,
    organization_id: ReadableOrganization,
    db: ReadDb,
    shipment_id: Annotated[UUID, Query(description="The shipment.")],
    as_of: Annotated[Day | None, Query(description="The day. Default: today in UTC.", examples=["2026-11-20"])] = None,
) -> Effective:
    """The policy that applies to a shipment, and each other one with the reason why it does not.

    A customer is narrower than a hold, that than a mode, and that than an organization; of two as narrow the newer one applies.
    The shipment is taken as it is now; `as_of` says which versions hold.
    """
    catalogue = deps.policy_catalogue(db)
    return await catalogue.effective(shipment_id, organization_id=organization_id, as_of=as_of or _today(request))


@router.get("/{policy_id:uuid}", summary="Read a policy", responses=problems(PolicyNotFound))
async def get(policy_id: UUID, request: Request, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> PolicyOut:
    """With all its versions."""
    catalogue = deps.policy_catalogue(db)
    policy, version = await catalogue.show(policy_id, organization_id=organization_id, today=_today(request))
    etag.show(version)
    return policy


@router.post("", status_code=201, summary="Create a policy", responses=_TO_CREATE)
async def create(
    body: PolicyIn, request: Request, response: Response, writer: PolicyWriter, db: WriteDb, etag: ETag, _: Idempotent
) -> PolicyOut:
    """With its first version. Without an organization it is for all of them, which needs alerts:admin."""
    today, content = _today(request), body.version.content(body.version.effective_from)
    scope = body.scope(writer.organization_id)
    policy_id = await deps.policies(db).create(body.name, scope, content, today=today, writer=writer)
    policy, version = await deps.policy_catalogue(db).show(policy_id, organization_id=None, today=today)
    response.headers["Location"] = f"/v1/policies/{policy_id}"
    etag.show(version)
    return policy


@router.post("/{policy_id:uuid}/versions", name="publish", status_code=201, summary="Publish a version", responses=_TO_PUBLISH)
async def publish(
    policy_id: UUID, body: VersionIn, request: Request, writer: PolicyWriter, db: WriteDb, if_match: IfMatch, etag: ETag
) -> PolicyOut:
    """What the policy says from `effective_from` on; with `enabled: false` it is retired.

    Repeated with the same If-Match it is refused, so it needs no Idempotency-Key.
    """
    today, policies = _today(request), deps.policies(db)
    policy = await policies.lock(policy_id, writer)
    if_match.check(policy.version)
    await policies.publish(policy, body.content(body.effective_from), today=today, writer=writer)
    shown, version = await deps.policy_catalogue(db).show(policy_id, organization_id=None, today=today)
    etag.show(version)
    return shown


@router.post("/dry-run", summary="Try a policy on history", responses=problems(PeriodNotCounted, UnknownCalendar))
async def dry_run(body: DryRunIn, request: Request, organization_id: ReadableOrganization, db: ReadDb) -> DryRunOut:
    """Which alerts a policy would have raised, beside those of the policies that now apply to the same shipments.

    Each ETA counts from the day on which we were told it to the day on which we were told the next one, and a shipment
    through the day on which it left the statuses that are watched. Customer, mode, holds and recipients are taken as they
    are now, and so is the status, or the last one that was watched. Nothing is written.
    """
    return await deps.dry_run(db).count(body.question(organization_id), today=_today(request))


def _today(request: Request) -> date:
    return runtime_of(request).clock().date()
