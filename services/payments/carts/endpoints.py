"""/v1/carts: begin, read, fill, lock, unlock and merge, for the organization's shop."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.payments import orders_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.carts.cart_view import summary
from services.payments.carts.errors import (
    OF_CHANGE,
    ActiveCartExists,
    CartConverted,
    CartEmpty,
    CartFull,
    CartMerged,
    CartNotFound,
    CartNotLocked,
    CartOfOtherCurrency,
    ItemNotFound,
)
from services.payments.carts.models import Cart, CartKey, CartStatus
from services.payments.carts.repository import CartReader
from services.payments.carts.schemas import (
    CartCreated,
    CartIn,
    CartMergedOut,
    CartOut,
    CartSummary,
    CouponOfCart,
    ItemIn,
    LockIn,
    MergeIn,
)
from services.payments.carts.service import cart_of
from services.payments.catalog.errors import OF_SALE, PricesChanged
from services.payments.catalog.schemas import Sku
from services.payments.coupons.errors import CouponExpired, CouponInactive, CouponNotYetValid, UnknownCoupon
from services.payments.customers.errors import CustomerErased, CustomerNotFound
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch, etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/carts", tags=["carts"])

ItemSku = Annotated[Sku, Path(description="The product's SKU.")]


class Desk:
    """Changes one cart for a request, and shows what it has become."""

    def __init__(self, request: Request, db: WriteDb, if_match: IfMatch, etag: ETag) -> None:
        clock = runtime_of(request).clock
        self.carts = deps.carts(db, clock)
        self.paying = deps.cart_paying(db, clock)
        self.check = if_match.check
        self._view = deps.cart_view(db, clock)
        self._etag = etag

    async def show(self, cart: Cart) -> CartOut:
        """The cart as it is now, with its tag."""
        self._etag.show(cart.version)
        return await self._view.show(cart)


async def key_of(cart_id: Annotated[UUID, Path(description="The cart's id.")], principal: PaymentsWrite) -> CartKey:
    """Which cart the caller changes."""
    return CartKey(cart_id, principal.organization_id)


Key = Annotated[CartKey, Depends(key_of)]
AtDesk = Annotated[Desk, Depends(made(Desk))]
OF_COUPON: Final = (*OF_CHANGE, UnknownCoupon, CouponInactive, CouponNotYetValid, CouponExpired)
_TO_CREATE = problems(CustomerNotFound, CustomerErased, ActiveCartExists)
_TO_MERGE = problems(*OF_CHANGE, CustomerNotFound, CustomerErased, CartOfOtherCurrency, CartFull)


@router.get("", name="list", summary="List carts")
async def list_carts(
    request: Request,
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    customer_id: Annotated[UUID | None, Query(description="Only those of this customer.")] = None,
    status: Annotated[CartStatus | None, Query(description="Only those in this status.")] = None,
) -> Page[CartSummary]:
    """The newest first."""
    rows = await CartReader(db).newest(
        organization_id, customer_id=customer_id, status=status, after=after_id(paging), limit=paging.fetch
    )
    at = runtime_of(request).clock()
    return paging.page([summary(row, at) for row in rows], CartSummary, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Begin a cart", responses=_TO_CREATE)
async def create(
    body: CartIn,
    request: Request,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
) -> CartCreated:
    """A customer has one at a time. An anonymous one is changed at `/v1/anonymous-carts/{secret}`, by whoever has the secret.

    Repeated it begins an anonymous cart more, which costs nothing; an Idempotency-Key would keep its secret with the answer.
    """
    clock = runtime_of(request).clock
    cart, secret = await deps.carts(db, clock).create(organization_id, body.customer_id, body.currency)
    response.headers["Location"] = f"/v1/carts/{cart.id}"
    etag.show(cart.version)
    return CartCreated(**(await deps.cart_view(db, clock).show(cart)).model_dump(), secret=secret)


@router.post("/merge", summary="Merge an anonymous cart into a customer's", responses=_TO_MERGE)
async def merge(body: MergeIn, request: Request, organization_id: WritableOrganization, db: WriteDb, etag: ETag) -> CartMergedOut:
    """When somebody logs in: quantities add. The same again changes nothing, so it needs no Idempotency-Key."""
    clock = runtime_of(request).clock
    cart, capped = await deps.cart_merging(db, clock).merge(body.secret, body.customer_id, organization_id)
    etag.show(cart.version)
    return CartMergedOut(**(await deps.cart_view(db, clock).show(cart)).model_dump(), capped=capped)


@router.get("/{cart_id:uuid}", summary="Read a cart", responses=problems(CartNotFound))
async def get(cart_id: UUID, request: Request, organization_id: ReadableOrganization, db: ReadDb, response: Response) -> CartOut:
    """With what has changed in the catalogue since its customer last looked, so it is never answered with 304."""
    cart = await cart_of(CartReader(db), CartKey(cart_id, organization_id))
    response.headers["ETag"] = etag_of(cart.version)
    return await deps.cart_view(db, runtime_of(request).clock).show(cart)


@router.put(
    "/{cart_id:uuid}/items/{sku}", summary="Set how many of a product", responses=problems(*OF_CHANGE, *OF_SALE, CartFull)
)
async def put_item(key: Key, sku: ItemSku, body: ItemIn, desk: AtDesk) -> CartOut:
    """At the price at which it was first put in, until the customer accepts another one."""
    return await desk.show(await desk.carts.put_item(key, sku, body.quantity, desk.check))


@router.delete("/{cart_id:uuid}/items/{sku}", summary="Remove a product", responses=problems(*OF_CHANGE, ItemNotFound))
async def remove_item(key: Key, sku: ItemSku, desk: AtDesk) -> CartOut:
    """All of it."""
    return await desk.show(await desk.carts.take_out(key, sku, desk.check))


@router.delete("/{cart_id:uuid}/items", summary="Empty a cart", responses=problems(*OF_CHANGE))
async def empty(key: Key, desk: AtDesk) -> CartOut:
    """Reminders of it that have not been sent are dropped."""
    return await desk.show(await desk.carts.take_out(key, None, desk.check))


@router.post("/{cart_id:uuid}/accept-prices", summary="Accept changed prices", responses=problems(*OF_CHANGE))
async def accept_prices(key: Key, desk: AtDesk) -> CartOut:
    """What is not sold any more has to be removed. Repeated with the same If-Match it is refused, so it needs no key."""
    return await desk.show(await desk.carts.accept_prices(key, desk.check))


@router.put("/{cart_id:uuid}/coupon", summary="Name a coupon", responses=problems(*OF_COUPON))
async def set_coupon(key: Key, body: CouponOfCart, desk: AtDesk) -> CartOut:
    """It is used by the order, and until then shows what it would take off."""
    return await desk.show(await desk.carts.set_coupon(key, body.code, desk.check))


@router.delete("/{cart_id:uuid}/coupon", summary="Leave the coupon out", responses=problems(*OF_CHANGE))
async def remove_coupon(key: Key, desk: AtDesk) -> CartOut:
    """Whether there was one or not."""
    return await desk.show(await desk.carts.set_coupon(key, None, desk.check))


@router.post("/{cart_id:uuid}/lock", summary="Lock a cart", responses=problems(*OF_CHANGE, CartEmpty, PricesChanged))
async def lock(key: Key, body: LockIn, desk: AtDesk) -> CartOut:
    """While its customer pays, nothing of it changes, and its order is at these prices. The lock ends by itself.

    Repeated with the same If-Match it is refused, so it needs no Idempotency-Key.
    """
    return await desk.show(await desk.paying.lock(key, body.minutes, desk.check))


@router.post(
    "/{cart_id:uuid}/unlock",
    summary="Unlock a cart",
    responses=problems(CartNotFound, CartConverted, CartMerged, CartNotLocked),
)
async def unlock(key: Key, desk: AtDesk) -> CartOut:
    """After a payment that failed or was given up. Repeated it is refused, so it needs no Idempotency-Key."""
    return await desk.show(await desk.paying.unlock(key, desk.check))
