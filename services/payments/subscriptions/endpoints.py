"""/v1/subscriptions: begin, read, list, and what is kept with them."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.payments import subscription_deps as deps
from services.payments.actors import actor
from services.payments.auth import OneOrganization, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.customers.errors import CustomerErased, CustomerNotFound
from services.payments.orders.errors import PlaceOfSupplyUnknown, SellerNotSetUp
from services.payments.paging import after_id
from services.payments.plans.errors import PlanClosed, PlanNotFound
from services.payments.subscriptions.deciding import preview
from services.payments.subscriptions.errors import (
    AnchorDayUnusable,
    EndTooEarly,
    MethodUnusable,
    QuantityNotOffered,
    SubscriptionForbids,
    SubscriptionNotFound,
)
from services.payments.subscriptions.models import SubscriptionStatus
from services.payments.subscriptions.repository import SubscriptionFilter, SubscriptionReader
from services.payments.subscriptions.schemas import (
    ChangeOut,
    DryRunOut,
    PeriodOut,
    SkipsOut,
    SubscriptionIn,
    SubscriptionOut,
    UpcomingOut,
)
from services.payments.subscriptions.service import billable, next_starts, subscription_of
from services.payments.subscriptions.upcoming import upcoming
from shared.contracts.message import UtcDatetime
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"], route_class=IdempotentRoute)

SubscriptionId = Annotated[UUID, Path(description="The subscription's id.")]
_TO_BEGIN = problems(
    CustomerNotFound,
    CustomerErased,
    PlanNotFound,
    PlanClosed,
    QuantityNotOffered,
    AnchorDayUnusable,
    EndTooEarly,
    MethodUnusable,
    SellerNotSetUp,
    PlaceOfSupplyUnknown,
)
SHOWN_STARTS = 12


@router.get("", name="list", summary="List subscriptions")
async def list_subscriptions(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    customer_id: UUID | None = None,
    status: SubscriptionStatus | None = None,
    held: Annotated[bool | None, Query(description="Those whose billing waits for a person, or those others.")] = None,
) -> Page[SubscriptionOut]:
    """The newest first."""
    meant = SubscriptionFilter(customer_id, status, held)
    rows = await SubscriptionReader(db).newest(organization_id, meant, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, SubscriptionOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Begin a subscription", responses=_TO_BEGIN)
async def begin(
    body: SubscriptionIn,
    request: Request,
    organization_id: WritableOrganization,
    principal: PaymentsWrite,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> SubscriptionOut:
    """Its first period is billed at once, or when its trial is over."""
    service = deps.subscribing(db, runtime_of(request).clock, by=actor(principal))
    subscription = await service.begin(organization_id, body)
    response.headers["Location"] = f"/v1/subscriptions/{subscription.id}"
    etag.show(subscription.version)
    return SubscriptionOut.model_validate(subscription)


@router.get("/dry-run", summary="Try out the billing")
async def dry_run(
    organization_id: OneOrganization,
    request: Request,
    db: ReadDb,
    at: Annotated[UtcDatetime | None, Query(description="As if it ran at this moment; by default 24 hours from now.")] = None,
) -> DryRunOut:
    """What would be billed by then, with totals. Nothing is written; that billing is paused is overlooked."""
    moment = at or runtime_of(request).clock() + timedelta(hours=24)
    return await deps.dry_run(db).count(organization_id, moment)


@router.get("/{subscription_id:uuid}", summary="Read a subscription", responses=problems(SubscriptionNotFound))
async def get(subscription_id: SubscriptionId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> SubscriptionOut:
    """As it is now."""
    subscription = await subscription_of(SubscriptionReader(db), subscription_id, organization_id)
    etag.show(subscription.version)
    return SubscriptionOut.model_validate(subscription)


@router.get(
    "/{subscription_id:uuid}/periods",
    name="periods",
    summary="List a subscription's periods",
    responses=problems(SubscriptionNotFound),
)
async def periods(
    subscription_id: SubscriptionId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[PeriodOut]:
    """The newest first."""
    reader = SubscriptionReader(db)
    one = await subscription_of(reader, subscription_id, organization_id)
    before = date.fromisoformat(str(paging.after[0])) if paging.after is not None else None
    rows = await reader.periods(one.id, before=before, limit=paging.fetch)
    return paging.page(rows, PeriodOut, key=lambda row: (row.start_on.isoformat(),))


@router.get(
    "/{subscription_id:uuid}/changes",
    name="changes",
    summary="List what happened to a subscription",
    responses=problems(SubscriptionNotFound),
)
async def changes(
    subscription_id: SubscriptionId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[ChangeOut]:
    """The newest first."""
    reader = SubscriptionReader(db)
    one = await subscription_of(reader, subscription_id, organization_id)
    before = int(str(paging.after[0])) if paging.after is not None else None
    rows = await reader.changes(one.id, before=before, limit=paging.fetch)
    return paging.page(rows, ChangeOut, key=lambda row: (row.number,))


@router.get(
    "/{subscription_id:uuid}/upcoming",
    name="upcoming",
    summary="Preview the next period",
    responses=problems(SubscriptionNotFound, SubscriptionForbids),
)
async def show_upcoming(
    subscription_id: SubscriptionId, organization_id: ReadableOrganization, request: Request, db: ReadDb
) -> UpcomingOut:
    """What it will come to as things stand. Nothing is written."""
    reader = SubscriptionReader(db)
    one = await subscription_of(reader, subscription_id, organization_id)
    due = await billable(reader, one, runtime_of(request).clock)
    bill = preview(due) if one.next_bill_at is not None else None
    if bill is None:
        raise SubscriptionForbids("it has no next period that would be billed", subscription_status=one.status)
    return upcoming(due, bill)


@router.get(
    "/{subscription_id:uuid}/skips",
    name="skips",
    summary="List skipped deliveries",
    responses=problems(SubscriptionNotFound, SubscriptionForbids),
)
async def skips(subscription_id: SubscriptionId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> SkipsOut:
    """Those to come, beside the first days of the next periods."""
    reader = SubscriptionReader(db)
    one = await subscription_of(reader, subscription_id, organization_id)
    due = await billable(reader, one, runtime_of(request).clock)
    return SkipsOut(skipped=await reader.skips(one.id, one.next_period_start), next_starts_on=next_starts(due, SHOWN_STARTS))
