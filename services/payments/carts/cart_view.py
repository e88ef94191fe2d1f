"""A cart as its owner sees it: what is in it, and what has changed since they last looked."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from services.payments.carts.models import Cart, CartItem
from services.payments.carts.repository import CartReader
from services.payments.carts.schemas import AppliedCoupon, CartItemOut, CartOut, CartSummary, DifferenceOut
from services.payments.catalog.models import Product
from services.payments.catalog.repository import ProductReader
from services.payments.catalog.sale import differences
from services.payments.coupons.models import Coupon
from services.payments.coupons.repository import CouponReader
from services.payments.coupons.terms import check_window, discounts
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict


class CartView:
    """Shows carts beside the catalogue as it is now."""

    def __init__(self, carts: CartReader, products: ProductReader, coupons: CouponReader, clock: Clock) -> None:
        self._carts = carts
        self._products = products
        self._coupons = coupons
        self._clock = clock

    async def show(self, cart: Cart) -> CartOut:
        """The whole of it. One that is over shows no changes and no coupon: its order has them, or the cart that it went into."""
        items = await self._carts.items(cart.id)
        is_over = cart.status in ("converted", "merged")
        products = {} if is_over else await self._products.by_sku(cart.organization_id, [item.sku for item in items])
        coupon = await self._coupons.find(cart.coupon_id, None) if cart.coupon_id is not None and not is_over else None
        order_id = await self._carts.order_of(cart.id) if cart.status == "converted" else None
        return CartOut(
            **summary(cart, self._clock()).model_dump(),
            items=[CartItemOut.model_validate(item) for item in items],
            subtotal_minor=sum(_gross(items)),
            coupon=_applied(coupon, cart, items, self._clock()) if coupon is not None else None,
            changes=[] if is_over else _changes(items, products),
            order_id=order_id,
        )


def summary(cart: Cart, at: datetime) -> CartSummary:
    """A cart without what is in it. A lock whose time is over is none."""
    shown = CartSummary.model_validate(cart)
    if cart.status == "locked" and not cart.is_locked(at):
        return shown.model_copy(update={"status": "active", "locked_until": None})
    return shown


def _gross(items: Sequence[CartItem]) -> list[int]:
    return [item.quantity * item.unit_price_minor for item in items]


def _changes(items: Sequence[CartItem], products: dict[str, Product]) -> list[DifferenceOut]:
    found = differences([item.seen for item in items], products)
    return [DifferenceOut.model_validate(asdict(one)) for one in found]


def _applied(coupon: Coupon, cart: Cart, items: Sequence[CartItem], at: datetime) -> AppliedCoupon:
    try:
        check_window(coupon, at)
        taken_off = discounts(coupon, _gross(items), cart.currency)
    except Conflict as problem:
        return AppliedCoupon(code=coupon.code, discount_minor=None, problem=problem.code)
    return AppliedCoupon(code=coupon.code, discount_minor=sum(taken_off), problem=None)
