"""/v1/orders/{order_id}/…: what people do about an order."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.payments import orders_deps as deps
from services.payments.actors import actor
from services.payments.auth import PaymentsWrite, ReadableOrganization
from services.payments.catalog.errors import OF_SALE, PricesChanged
from services.payments.coupons.errors import OF_USE, CouponMinimum
from services.payments.credit_notes.errors import CreditAboveRemaining
from services.payments.customers.errors import CustomerErased
from services.payments.orders.endpoints import OrderId
from services.payments.orders.errors import (
    BelowFulfilled,
    BelowPaid,
    DueTooSoon,
    LineAssigned,
    MoreThanOrdered,
    NothingOrdered,
    NothingToCancel,
    OrderInvoiced,
    OrderNotFound,
    OrderTakesCredit,
    OrderTooLarge,
    OrderUnpaid,
    PaymentInProgress,
    SellerNotSetUp,
    StatusForbids,
    UnknownLine,
)
from services.payments.orders.models import Order
from services.payments.orders.repository import OrderReader
from services.payments.orders.schemas import (
    AmendmentIn,
    CancellationIn,
    CancellationPreviewIn,
    FulfilmentIn,
    ReasonIn,
)
from services.payments.orders.service import detail
from services.payments.orders.shown_schemas import OrderDetail, RefundPlanOut
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)


class Desk:
    """Changes one order for a request, and shows what it has become."""

    def __init__(self, request: Request, principal: PaymentsWrite, db: WriteDb, etag: ETag) -> None:
        clock, by = runtime_of(request).clock, actor(principal)
        self.organization_id = principal.organization_id
        self.steps = deps.order_steps(db, clock, by=by)
        self.drafts = deps.draft_placing(db, clock, by=by)
        self.amending = deps.order_amending(db, clock, by=by)
        self.cancelling = deps.order_cancelling(db, clock, by=by)
        self._reader = OrderReader(db)
        self._etag = etag

    async def show(self, order: Order) -> OrderDetail:
        """The order as it is now, with its tag."""
        self._etag.show(order.version)
        return await detail(self._reader, order.id, None)


AtDesk = Annotated[Desk, Depends(made(Desk))]
_TO_PLACE = problems(
    OrderNotFound, StatusForbids, CustomerErased, SellerNotSetUp, DueTooSoon, OrderTooLarge, PricesChanged, *OF_SALE, *OF_USE
)
_TO_FULFIL = problems(OrderNotFound, StatusForbids, UnknownLine, MoreThanOrdered)
_CANCELS_NOT = OrderNotFound, StatusForbids, UnknownLine, MoreThanOrdered, NothingToCancel
_TO_PREVIEW = problems(*_CANCELS_NOT)
_TO_CANCEL = problems(*_CANCELS_NOT, CreditAboveRemaining)
_TO_AMEND = problems(
    OrderNotFound,
    StatusForbids,
    PaymentInProgress,
    OrderInvoiced,
    OrderTakesCredit,
    LineAssigned,
    BelowFulfilled,
    BelowPaid,
    MoreThanOrdered,
    NothingOrdered,
    OrderTooLarge,
    CouponMinimum,
    *OF_SALE,
)


@router.post("/{order_id:uuid}/place", summary="Place a draft", responses=_TO_PLACE)
async def place(order_id: OrderId, desk: AtDesk, if_match: IfMatch) -> OrderDetail:
    """Quoted prices hold as far as the organization tolerates; if they do not, amend the draft. Repeated it is refused."""
    return await desk.show(await desk.drafts.place(order_id, desk.organization_id, if_match.check))


@router.post(
    "/{order_id:uuid}/produce", summary="Put into production", responses=problems(OrderNotFound, StatusForbids, OrderUnpaid)
)
async def produce(order_id: OrderId, body: ReasonIn, desk: AtDesk, if_match: IfMatch) -> OrderDetail:
    """An order that is not paid needs a reason, because it is made on credit. Repeated it is refused, so it needs no key."""
    return await desk.show(await desk.steps.produce(order_id, desk.organization_id, body.reason, if_match.check))


@router.post("/{order_id:uuid}/fulfilments", status_code=201, summary="Note a delivery", responses=_TO_FULFIL)
async def fulfil(order_id: OrderId, body: FulfilmentIn, desk: AtDesk, _: Idempotent) -> OrderDetail:
    """Of all or of some of the pieces, and never of more than were ordered. The customer is told."""
    return await desk.show(await desk.steps.fulfil(order_id, desk.organization_id, body.quantities, body.parcel))


@router.post("/{order_id:uuid}/amendments", status_code=201, summary="Amend an order", responses=_TO_AMEND)
async def amend(order_id: OrderId, body: AmendmentIn, desk: AtDesk, if_match: IfMatch, _: Idempotent) -> OrderDetail:
    """More or fewer pieces: those of known lines at the price at which they were ordered, others at today's.

    Discount and tax are worked out anew. What is delivered, cancelled or paid stays; fewer pieces than that have to be cancelled.
    """
    deltas = {line.sku: line.quantity for line in body.lines}
    return await desk.show(await desk.amending.amend(order_id, desk.organization_id, deltas, body.reason, if_match.check))


@router.post(
    "/{order_id:uuid}/cancellation-preview", summary="Say what a cancellation comes to", responses=problems(*_CANCELS_NOT)
)
async def preview(
    order_id: OrderId,
    body: CancellationPreviewIn,
    organization_id: ReadableOrganization,
    db: ReadDb,
    etag: ETag,
) -> RefundPlanOut:
    """The refund, line by line, to the last minor unit. Cancel with this ETag to get exactly this. Nothing is written."""
    previews = deps.cancellation_previews(db)
    plan, version = await previews.preview(order_id, organization_id, body.quantities)
    etag.show(version)
    return plan


@router.post(
    "/{order_id:uuid}/cancellations",
    status_code=201,
    summary="Cancel an order",
    responses=_TO_CANCEL,
)
async def cancel(order_id: OrderId, body: CancellationIn, desk: AtDesk, if_match: IfMatch, _: Idempotent) -> OrderDetail:
    """All that is not delivered, or some of it. What was paid for it is planned to be given back.

    An order of which nothing was delivered is then cancelled, and its coupon free again.
    """
    cancelled = await desk.cancelling.cancel(order_id, desk.organization_id, body.quantities, body.reason, if_match.check)
    return await desk.show(cancelled)
