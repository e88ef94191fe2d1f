"""/v1/orders: quote, create, list, read, and what happened to one."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.payments import orders_deps as deps
from services.payments.actors import actor
from services.payments.auth import OneOrganization, PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.carts.errors import (
    CartChanged,
    CartConverted,
    CartEmpty,
    CartMerged,
    CartNotFound,
    CartWithoutCustomer,
)
from services.payments.catalog.errors import OF_SALE, PricesChanged
from services.payments.coupons.errors import OF_USE
from services.payments.customers.errors import CustomerErased, CustomerNotFound
from services.payments.orders.errors import (
    DueTooSoon,
    OrderNotFound,
    OrderTooLarge,
    PlaceOfSupplyUnknown,
    SellerNotSetUp,
)
from services.payments.orders.models import OrderStatus, PaymentStatus
from services.payments.orders.repository import OrderFilter, OrderReader
from services.payments.orders.schemas import OrderIn, QuoteIn
from services.payments.orders.service import detail, order_of, quoted, shown
from services.payments.orders.shown_schemas import OrderChangeOut, OrderDetail, OrderOut, OrderSummary, Quote
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)

OrderId = Annotated[UUID, Path(description="The order's id.")]
_OF_PRICE: Final = (
    CustomerNotFound,
    CustomerErased,
    SellerNotSetUp,
    PlaceOfSupplyUnknown,
    DueTooSoon,
    OrderTooLarge,
    PricesChanged,
    *OF_SALE,
    *OF_USE,
)
_OF_CART: Final = (CartNotFound, CartConverted, CartMerged, CartChanged, CartEmpty, CartWithoutCustomer)


@router.get("", name="list", summary="List orders")
async def list_orders(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    customer_id: Annotated[UUID | None, Query(description="Only those of this customer.")] = None,
    status: Annotated[OrderStatus | None, Query(description="Only those in this status.")] = None,
    payment_status: Annotated[PaymentStatus | None, Query(description="Only those that are paid so far.")] = None,
    number: Annotated[str | None, Query(max_length=40, description="Only the one with this number.")] = None,
) -> Page[OrderSummary]:
    """The newest first."""
    meant = OrderFilter(customer_id, status, payment_status, number)
    rows = await OrderReader(db).newest(organization_id, meant, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, OrderSummary, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create an order", responses=problems(*_OF_PRICE, *_OF_CART))
async def create(
    body: OrderIn,
    request: Request,
    principal: PaymentsWrite,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> OrderOut:
    """Of a cart, which becomes the order once and for all, or of lines. Unless it is a draft, the customer gets a confirmation.

    Lines cost what the catalogue says. What rose since the customer saw it by no more than the organization tolerates is sold at
    what they saw, and what became cheaper for less. A cart that is locked is sold at what it showed when it was locked.
    """
    placing = deps.order_placing(db, runtime_of(request).clock)
    placed = await placing.place(body.new(organization_id), by=actor(principal))
    response.headers["Location"] = f"/v1/orders/{placed.order.id}"
    etag.show(placed.order.version)
    return shown(placed.order, placed.lines)


@router.post("/quote", summary="Say what an order would come to", responses=problems(*_OF_PRICE))
async def quote(body: QuoteIn, request: Request, organization_id: OneOrganization, db: ReadDb) -> Quote:
    """With discount, tax and rounding, as an order of the same lines would have them now. Nothing is written."""
    return quoted(await deps.order_quoting(db, runtime_of(request).clock).quote(body.new(organization_id)))


@router.get("/{order_id:uuid}", summary="Read an order", responses=problems(OrderNotFound))
async def get(order_id: OrderId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> OrderDetail:
    """With its lines, what went to the customer, and what cancellations give back."""
    order = await detail(OrderReader(db), order_id, organization_id)
    etag.show(order.version)
    return order


@router.get("/{order_id:uuid}/changes", summary="List what happened to an order", responses=problems(OrderNotFound))
async def changes(order_id: OrderId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[OrderChangeOut]:
    """By whom, why, and what was before and after; the newest first."""
    reader = OrderReader(db)
    await order_of(reader, order_id, organization_id)
    before = int(str(paging.after[0])) if paging.after else None
    rows = await reader.changes(order_id, before=before, limit=paging.fetch)
    return paging.page(rows, OrderChangeOut, key=lambda row: (row.number,))
