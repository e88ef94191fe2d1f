"""/v1/payments: begin, prove, read and list. What moves an existing one is in action_endpoints.py."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.payments import payment_desk_deps as deps
from services.payments.actors import actor
from services.payments.auth import OneOrganization, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.gateways.amounts import AmountRefused
from services.payments.gateways.errors import NoGateway
from services.payments.gateways.offline import OfflineRefused
from services.payments.paging import after_id, after_number
from services.payments.payments.desk import payment_not_found
from services.payments.payments.errors import (
    AlreadyBeingPaid,
    AmountAboveDue,
    CheckoutNotProved,
    CurrencyDiffers,
    GatewayNotSetUp,
    GatewayRefused,
    GatewayUnavailable,
    MandateNeedsCustomer,
    NothingDue,
    NothingToPay,
    OutcomeUnknown,
    PaymentNotFound,
    PaymentStateForbids,
)
from services.payments.payments.filter_models import PaymentFilter
from services.payments.payments.repository import PaymentReader
from services.payments.payments.schemas import (
    CheckoutOut,
    OfflineIn,
    PaymentChangeOut,
    PaymentDetail,
    PaymentIn,
    PaymentOut,
    TryOut,
    VerifyIn,
)
from services.payments.refunds.repository import RefundReader
from services.payments.refunds.schemas import RefundOut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentByLease, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, ReadDb, WriteDb

router = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=IdempotentRoute)

PaymentId = Annotated[UUID, Path(description="The payment's id.")]
SHOWN: Final = 100
_OF_DUE: Final = (NothingToPay, NothingDue, CurrencyDiffers, AmountAboveDue, AlreadyBeingPaid)
_OF_GATEWAY: Final = (AmountRefused, NoGateway, GatewayNotSetUp, GatewayRefused, GatewayUnavailable, OutcomeUnknown)


async def filter_of_query(meant: Annotated[PaymentFilter, Query()]) -> PaymentFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


Meant = Annotated[PaymentFilter, Depends(filter_of_query)]


@router.get("", name="list", summary="List payments")
async def list_payments(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    meant: Meant,
) -> Page[PaymentOut]:
    """The newest first."""
    rows = await PaymentReader(db).newest(meant, organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, PaymentOut, key=lambda row: (row.id,))


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Begin a payment",
    responses=problems(*_OF_DUE, *_OF_GATEWAY, MandateNeedsCustomer),
)
async def create(
    body: PaymentIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: Db,
    _: IdempotentByLease,
) -> CheckoutOut:
    """Makes the gateway's order, and answers what the customer's page needs. The order does not change for 30 minutes.

    Somebody who begins the same while it is under way gets the same payment. Show `/verify` what the page is handed.
    """
    desk, mandate = deps.payment_desk(db, runtime_of(request)), body.mandate.mandate() if body.mandate is not None else None
    checkout = await desk.create(body.asked(), organization_id, mandate, by=actor(principal))
    response.headers["Location"] = f"/v1/payments/{checkout.payment.id}"
    return CheckoutOut.of(checkout)


@router.post(
    "/offline",
    name="offline",
    status_code=201,
    summary="Record money that was received",
    responses=problems(*_OF_DUE, OfflineRefused, AmountRefused),
)
async def offline(
    body: OfflineIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    _: Idempotent,
) -> PaymentOut:
    """Cash, a bank transfer, a cheque: a part of what is due, or more than that."""
    offline_payments = deps.offline_payments(db, runtime_of(request))
    payment = await offline_payments.record(body.counted(), organization_id, by=actor(principal))
    response.headers["Location"] = f"/v1/payments/{payment.id}"
    return PaymentOut.model_validate(payment)


@router.get("/{payment_id:uuid}", name="get", summary="Read a payment", responses=problems(PaymentNotFound))
async def get(payment_id: PaymentId, organization_id: ReadableOrganization, db: ReadDb) -> PaymentDetail:
    """With its refunds and the calls of the gateway that were made for it."""
    payment = await PaymentReader(db).find(payment_id, organization_id)
    if payment is None:
        raise payment_not_found()
    refunds = await RefundReader(db).newest(organization_id, payment_id=payment_id, status=None, after=None, limit=SHOWN)
    tries = await PaymentReader(db).tries(payment_id, limit=SHOWN)
    return PaymentDetail(
        payment=PaymentOut.model_validate(payment),
        refunds=[RefundOut.model_validate(one) for one in refunds],
        tries=[TryOut.model_validate(one) for one in tries],
    )


@router.get(
    "/{payment_id:uuid}/timeline", name="timeline", summary="Read what happened to a payment", responses=problems(PaymentNotFound)
)
async def timeline(
    payment_id: PaymentId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[PaymentChangeOut]:
    """Every change, the newest first."""
    if await PaymentReader(db).find(payment_id, organization_id) is None:
        raise payment_not_found()
    before = after_number(paging)
    rows = await PaymentReader(db).changes(payment_id, before=before, limit=paging.fetch)
    return paging.page(rows, PaymentChangeOut, key=lambda row: (row.number,))


@router.post(
    "/{payment_id:uuid}/verify",
    name="verify",
    summary="Prove a payment",
    responses=problems(PaymentNotFound, CheckoutNotProved, PaymentStateForbids, GatewayUnavailable),
)
async def verify(
    payment_id: PaymentId, body: VerifyIn, request: Request, _: PaymentsWrite, organization_id: OneOrganization, db: Db
) -> PaymentOut:
    """What the gateway's form has handed over is believed as far as the gateway has signed it; for the rest it is asked.

    Whether a webhook has come before, or comes after, makes no difference.
    """
    desk = deps.payment_desk(db, runtime_of(request))
    payment = await desk.verify(payment_id, organization_id, body.gateway_payment_id, body.signature)
    return PaymentOut.model_validate(payment)
