"""Carts: what somebody is about to order, at the prices that they have seen."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from services.payments.carts.abandoned_messages import cancel_reminders
from services.payments.carts.errors import (
    ActiveCartExists,
    CartConverted,
    CartFull,
    CartLocked,
    CartMerged,
    CartNotFound,
    ItemNotFound,
)
from services.payments.carts.models import Cart, CartKey
from services.payments.carts.repository import CartReader, CartRepository
from services.payments.catalog.models import MAX_LINES
from services.payments.catalog.repository import ProductReader
from services.payments.catalog.sale import sold
from services.payments.coupons.repository import CouponReader
from services.payments.coupons.service import usable_coupon
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import known_customer
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.outbox import Publisher

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


def hash_of(secret: str) -> bytes:
    """What is kept of a cart's secret."""
    return hashlib.sha256(secret.encode()).digest()


async def cart_of(carts: CartReader, key: CartKey) -> Cart:
    """A cart. Raises CartNotFound."""
    found = await carts.find(key)
    if found is None:
        raise not_found()
    return found


async def open_cart(carts: CartReader, key: CartKey, check: Check, now: datetime) -> Cart:
    """A cart that can be changed, held until the unit of work ends.

    Raises CartNotFound, CartConverted, CartMerged, CartLocked and what `check` raises.
    """
    cart = await carts.find(key, lock=True)
    if cart is None:
        raise not_found()
    check(cart.version)
    await refuse_over(carts, cart)
    if cart.is_locked(now):
        raise CartLocked(
            "the cart is being paid, and nothing of it can change meanwhile; wait for the payment, or unlock the cart",
            headers={"Retry-After": "30"},
            locked_until=cart.locked_until,
        )
    return cart


async def refuse_over(carts: CartReader, cart: Cart) -> None:
    """Raises CartConverted and CartMerged."""
    if cart.status == "converted":
        order_id = await carts.order_of(cart.id)
        raise CartConverted("the cart has become an order; begin a new cart for what else is wanted", order_id=order_id)
    if cart.status == "merged":
        raise CartMerged("the cart has gone into the customer's own; change that one", cart_id=cart.merged_into)


def not_found() -> CartNotFound:
    return CartNotFound("there is no such cart; it may have been left for too long, so begin a new one")


class Carts:
    """Changes carts, each change in one unit of work."""

    def __init__(
        self,
        carts: CartRepository,
        products: ProductReader,
        coupons: CouponReader,
        customers: CustomerReader,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._carts = carts
        self._products = products
        self._coupons = coupons
        self._customers = customers
        self._publisher = publisher
        self._clock = clock

    async def create(self, organization_id: UUID, customer_id: UUID | None, currency: str) -> tuple[Cart, str | None]:
        """A cart, and what opens it where it is anonymous. Raises CustomerNotFound, CustomerErased and ActiveCartExists."""
        values: dict[str, Any] = {"id": uuid7(), "organization_id": organization_id, "currency": currency}
        if customer_id is None:
            secret = secrets.token_urlsafe(32)
            cart = await self._carts.create(values | {"secret_hash": hash_of(secret)}, self._clock())
            assert cart is not None, "nothing is unique about it but its secret"
            return cart, secret
        await known_customer(self._customers, customer_id, organization_id, hold="known")
        cart = await self._carts.create(values | {"customer_id": customer_id}, self._clock())
        if cart is None:
            known = await self._carts.of_customer(customer_id)
            raise ActiveCartExists(
                "the customer has a cart; go on with that one", cart_id=known.id if known is not None else None
            )
        return cart, None

    async def put_item(self, key: CartKey, sku: str, quantity: int, check: Check) -> Cart:
        """Set how many of a product are in it. Raises what `open_cart` and `sold` raise, and CartFull."""
        cart = await open_cart(self._carts, key, check, self._clock())
        products = await self._products.by_sku(cart.organization_id, [sku])
        await self._carts.put(cart.id, sold(products, sku, quantity, cart.currency), quantity, self._clock())
        await self.refuse_overfull(cart.id)
        return await self._changed(cart)

    async def take_out(self, key: CartKey, sku: str | None, check: Check) -> Cart:
        """Remove a product, or all for None. Raises what `open_cart` raises, and ItemNotFound."""
        cart = await open_cart(self._carts, key, check, self._clock())
        had_any = await self._carts.take_out(cart.id, sku)
        if sku is not None and not had_any:
            raise ItemNotFound("the cart has no item with this SKU; read it again")
        if cart.abandoned_step and not await self._carts.count(cart.id):
            cancel_reminders(self._publisher, [cart.id], "the cart was emptied")
        return await self._changed(cart)

    async def accept_prices(self, key: CartKey, check: Check) -> Cart:
        """Go on at the catalogue's prices. Raises what `open_cart` raises."""
        cart = await open_cart(self._carts, key, check, self._clock())
        await self._carts.show_prices(cart.id, cart.organization_id)
        return await self._changed(cart)

    async def set_coupon(self, key: CartKey, code: str | None, check: Check) -> Cart:
        """Name a coupon for the order, or none. Raises what `open_cart` and `usable_coupon` raise."""
        cart = await open_cart(self._carts, key, check, self._clock())
        coupon = None if code is None else await usable_coupon(self._coupons, cart.organization_id, code, self._clock())
        return await self._changed(cart, coupon_id=coupon.id if coupon is not None else None)

    async def refuse_overfull(self, cart_id: UUID) -> None:
        """Raises CartFull."""
        if await self._carts.count(cart_id) > MAX_LINES:
            raise CartFull(f"a cart holds {MAX_LINES} different products; make a second order of the others")

    async def _changed(self, cart: Cart, **values: Any) -> Cart:
        return await self._carts.change(cart.id, {"status": "active", "locked_until": None} | values, self._clock())
