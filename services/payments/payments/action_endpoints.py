"""What moves a payment that is there, and what an organization wants done by itself."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.payments import payment_deps, payment_desk_deps
from services.payments.actors import actor
from services.payments.auth import AdministeredOrganization, OneOrganization, PaymentsAdmin, PaymentsWrite, WritableOrganization
from services.payments.gateways.offline import Clearing
from services.payments.payments.desk import payment_not_found
from services.payments.payments.errors import (
    CurrencyDiffers,
    GatewayRefused,
    GatewayUnavailable,
    PaymentNotFound,
    PaymentStateForbids,
)
from services.payments.payments.policy_repository import PolicyReader, PolicyRepository
from services.payments.payments.schemas import ClearingIn, PaymentOut, PaymentPolicyIn, PaymentPolicyOut
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.errors import RefundAboveCaptured, RefundPlanned
from services.payments.refunds.schemas import RefundIn, RefundOut
from shared.runtime.errors import PreconditionFailed
from shared.runtime.http.etag import ETag
from shared.runtime.http.idempotency import Idempotent, IdempotentByLease, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, ReadDb, WriteDb

actions = APIRouter(prefix="/v1/payments", tags=["payments"], route_class=IdempotentRoute)
settings = APIRouter(prefix="/v1/payment-settings", tags=["payment settings"])

PaymentId = Annotated[UUID, Path(description="The payment's id.")]
_OF_CALL: Final = problems(PaymentNotFound, PaymentStateForbids, GatewayUnavailable, GatewayRefused)


@actions.post("/{payment_id:uuid}/capture", name="capture", summary="Capture an authorized payment", responses=_OF_CALL)
async def capture(
    payment_id: PaymentId,
    request: Request,
    _: PaymentsWrite,
    organization_id: WritableOrganization,
    db: Db,
    __: IdempotentByLease,
) -> PaymentOut:
    """All of it; usually that happens by itself."""
    return PaymentOut.model_validate(
        await payment_desk_deps.payment_desk(db, runtime_of(request)).capture(payment_id, organization_id)
    )


@actions.post("/{payment_id:uuid}/release", name="release", summary="Give an authorized payment up", responses=_OF_CALL)
async def release(
    payment_id: PaymentId,
    request: Request,
    _: PaymentsWrite,
    organization_id: WritableOrganization,
    db: Db,
    __: IdempotentByLease,
) -> PaymentOut:
    """At Razorpay nothing can be called for that: what is not captured goes back by itself within three days. Until then only
    `capture` takes it after all."""
    return PaymentOut.model_validate(
        await payment_desk_deps.payment_desk(db, runtime_of(request)).release(payment_id, organization_id)
    )


@actions.post(
    "/{payment_id:uuid}/cancel",
    name="cancel",
    summary="Cancel a payment that nobody has made",
    responses=problems(PaymentNotFound, PaymentStateForbids),
)
async def cancel(
    payment_id: PaymentId,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    db: WriteDb,
    _: Idempotent,
) -> PaymentOut:
    """Its order may be paid in another way then. Money that comes all the same is never refused."""
    held = (await PaymentRepository(db).lock([payment_id])).get(payment_id)
    if held is None or held.organization_id != organization_id:
        raise payment_not_found()
    await payment_desk_deps.offline_payments(db, runtime_of(request)).cancel(held, by=actor(principal))
    return PaymentOut.model_validate(await PaymentRepository(db).find(payment_id, organization_id))


@actions.post(
    "/{payment_id:uuid}/clearing",
    name="clear",
    summary="Say what became of a cheque",
    responses=problems(PaymentNotFound, PaymentStateForbids),
)
async def clear(
    payment_id: PaymentId,
    body: ClearingIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    db: WriteDb,
    _: Idempotent,
) -> PaymentOut:
    """One that has bounced has failed like any other payment."""
    held = (await PaymentRepository(db).lock([payment_id])).get(payment_id)
    if held is None or held.organization_id != organization_id:
        raise payment_not_found()
    offline = payment_desk_deps.offline_payments(db, runtime_of(request))
    return PaymentOut.model_validate(await offline.clear(held, Clearing(body.clearing), body.at, by=actor(principal)))


@actions.post(
    "/{payment_id:uuid}/refunds",
    name="refund",
    status_code=201,
    summary="Refund a payment",
    responses=problems(PaymentNotFound, CurrencyDiffers, RefundAboveCaptured, RefundPlanned),
)
async def refund(
    payment_id: PaymentId,
    body: RefundIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    _: Idempotent,
) -> RefundOut:
    """A part or all that is left, never more than was captured. Above the organization's threshold it waits for approval. What a
    cancellation of the order gives back by itself comes first: refused until that has begun.

    What nothing was due for is the customer's credit: it is given back once nothing else is left, and that credit is used up.
    """
    refunds = payment_deps.refunds(db, runtime_of(request).clock)
    made = await refunds.request(payment_id, organization_id, body.amount, reason=body.reason, by=actor(principal))
    response.headers["Location"] = f"/v1/refunds/{made.id}"
    return RefundOut.model_validate(made)


@settings.get("", name="get", summary="Read the payment settings")
async def read_settings(organization_id: OneOrganization, db: ReadDb, etag: ETag) -> PaymentPolicyOut:
    """The defaults, where the organization has said nothing."""
    policy = await PolicyReader(db).of(organization_id)
    etag.show(policy.version)
    return PaymentPolicyOut.model_validate(policy)


@settings.put("", name="put", summary="Change the payment settings")
async def put_settings(
    body: PaymentPolicyIn,
    request: Request,
    principal: PaymentsAdmin,
    organization_id: AdministeredOrganization,
    db: WriteDb,
    etag: ETag,
) -> PaymentPolicyOut:
    """They hold from the next payment or refund on."""
    now, by = runtime_of(request).clock(), actor(principal)
    policy = await PolicyRepository(db).put(organization_id, body.policy(), version=None, by=by, at=now)
    if policy is None:
        raise PreconditionFailed("somebody else has changed the settings; read them again")
    etag.show(policy.version)
    return PaymentPolicyOut.model_validate(policy)
