"""/v1/refunds: read, list, approve and reject. Asking for one is /v1/payments/{payment_id}/refunds.

/v1/refund-plans: what cancellations of orders give back, once more.
"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.payments import payment_deps
from services.payments.actors import actor
from services.payments.auth import AdministeredOrganization, PaymentsAdmin, ReadableOrganization
from services.payments.paging import after_id
from services.payments.refunds.errors import (
    RefundAboveCaptured,
    RefundNeedsAnother,
    RefundNotFound,
    RefundPlanForbids,
    RefundPlanned,
    RefundPlanNotFound,
    RefundStateForbids,
)
from services.payments.refunds.repository import RefundReader
from services.payments.refunds.schemas import RefundOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/refunds", tags=["refunds"], route_class=IdempotentRoute)
plans = APIRouter(prefix="/v1/refund-plans", tags=["refunds"], route_class=IdempotentRoute)

RefundId = Annotated[UUID, Path(description="The refund's id.")]
Status = Literal["awaiting_approval", "requested", "pending", "processed", "failed", "rejected"]


@router.get("", name="list", summary="List refunds")
async def list_refunds(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    payment_id: Annotated[UUID | None, Query(description="Only those of this payment.")] = None,
    status: Annotated[Status | None, Query(description="Only those in this status.")] = None,
) -> Page[RefundOut]:
    """The newest first."""
    reader = RefundReader(db)
    rows = await reader.newest(organization_id, payment_id=payment_id, status=status, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, RefundOut, key=lambda row: (row.id,))


@router.get("/{refund_id:uuid}", name="get", summary="Read a refund", responses=problems(RefundNotFound))
async def get(refund_id: RefundId, organization_id: ReadableOrganization, db: ReadDb) -> RefundOut:
    """As it is now."""
    found = await RefundReader(db).find(refund_id, organization_id)
    if found is None:
        raise RefundNotFound("there is no refund with this id; list those of the payment")
    return RefundOut.model_validate(found)


@router.post(
    "/{refund_id:uuid}/approve",
    name="approve",
    summary="Approve a refund",
    responses=problems(RefundNotFound, RefundStateForbids, RefundNeedsAnother, RefundPlanned, RefundAboveCaptured),
)
async def approve(
    refund_id: RefundId,
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    _: Idempotent,
) -> RefundOut:
    """By somebody else than who asked for it. It is made at once."""
    refunds = payment_deps.refunds(db, runtime_of(request).clock)
    return RefundOut.model_validate(await refunds.approve(refund_id, organization_id, by=actor(principal)))


@router.post(
    "/{refund_id:uuid}/reject",
    name="reject",
    summary="Reject a refund",
    responses=problems(RefundNotFound, RefundStateForbids),
)
async def reject(
    refund_id: RefundId,
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    _: Idempotent,
) -> RefundOut:
    """It will not be made."""
    refunds = payment_deps.refunds(db, runtime_of(request).clock)
    return RefundOut.model_validate(await refunds.reject(refund_id, organization_id, by=actor(principal)))


@plans.post(
    "/{plan_id:uuid}/retry",
    name="retry_plan",
    summary="Carry out once more what a cancellation gives back",
    responses=problems(RefundPlanNotFound, RefundPlanForbids, RefundAboveCaptured),
)
async def retry_plan(
    plan_id: Annotated[UUID, Path(description="The plan's id, as its order shows it.")],
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    _: Idempotent,
) -> list[RefundOut]:
    """Of a plan that has failed, what a gateway could not give back or somebody has rejected. Answers all refunds of the plan."""
    refunds = payment_deps.refunds(db, runtime_of(request).clock)
    return [RefundOut.model_validate(one) for one in await refunds.retry_plan(plan_id, organization_id, by=actor(principal))]
