"""/v1/anonymous-carts/{secret}: a cart before anybody has logged in, for the browser that was given its secret."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.payments import orders_deps as deps
from services.payments.carts.endpoints import OF_COUPON, AtDesk
from services.payments.carts.errors import OF_CHANGE, CartFull, CartNotFound, ItemNotFound
from services.payments.carts.models import CartKey
from services.payments.carts.repository import CartReader
from services.payments.carts.schemas import CartOut, CouponOfCart, NamedItemIn, Secret
from services.payments.carts.service import cart_of, hash_of
from services.payments.catalog.errors import OF_SALE
from services.payments.catalog.schemas import Sku
from shared.runtime.auth.access import public
from shared.runtime.http.etag import etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

_ANYBODY: Final = [public("whoever has the secret of 256 bits has begun the cart, and nothing but that cart can be reached")]

router = APIRouter(prefix="/v1/anonymous-carts", tags=["anonymous-carts"])


async def key_of(secret: Annotated[Secret, Path()]) -> CartKey:
    """The cart that the secret opens. Once it has an owner, the secret opens nothing."""
    return CartKey(secret_hash=hash_of(secret))


Key = Annotated[CartKey, Depends(key_of)]


@router.get("/{secret}", summary="Read an anonymous cart", dependencies=_ANYBODY, responses=problems(CartNotFound))
async def get(key: Key, request: Request, db: ReadDb, response: Response) -> CartOut:
    """With what has changed in the catalogue since, so it is never answered with 304."""
    cart = await cart_of(CartReader(db), key)
    response.headers["ETag"] = etag_of(cart.version)
    return await deps.cart_view(db, runtime_of(request).clock).show(cart)


@router.put(
    "/{secret}/items",
    summary="Set how many of a product",
    dependencies=_ANYBODY,
    responses=problems(*OF_CHANGE, *OF_SALE, CartFull),
)
async def put_item(key: Key, body: NamedItemIn, desk: AtDesk) -> CartOut:
    """At the price at which it was first put in, until another one is accepted."""
    return await desk.show(await desk.carts.put_item(key, body.sku, body.quantity, desk.check))


@router.delete("/{secret}/items", summary="Remove a product", dependencies=_ANYBODY, responses=problems(*OF_CHANGE, ItemNotFound))
async def remove_item(key: Key, sku: Annotated[Sku, Query(description="The product's SKU.")], desk: AtDesk) -> CartOut:
    """All of it."""
    return await desk.show(await desk.carts.take_out(key, sku, desk.check))


@router.post("/{secret}/accept-prices", summary="Accept changed prices", dependencies=_ANYBODY, responses=problems(*OF_CHANGE))
async def accept_prices(key: Key, desk: AtDesk) -> CartOut:
    """What is not sold any more has to be removed."""
    return await desk.show(await desk.carts.accept_prices(key, desk.check))


@router.put("/{secret}/coupon", summary="Name a coupon", dependencies=_ANYBODY, responses=problems(*OF_COUPON))
async def set_coupon(key: Key, body: CouponOfCart, desk: AtDesk) -> CartOut:
    """It is used by the order, and until then shows what it would take off."""
    return await desk.show(await desk.carts.set_coupon(key, body.code, desk.check))
