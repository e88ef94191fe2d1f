"""New orders: of a cart or of lines, priced by the catalogue, taxed by where they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.payments.carts.paying import CartPaying, Taken
from services.payments.coupons.service import Coupons
from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.models import Order, OrderLine, OrderStatus, PricedLine
from services.payments.orders.new_orders import CartOrder, NewOrder, Wanted
from services.payments.orders.numbers import new_number
from services.payments.orders.pricing import totals_of
from services.payments.orders.quoting import OrderQuoting, Priceable
from services.payments.orders.writing_repository import OrderRepository
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict
from shared.runtime.ids import uuid7

FIRST_REMINDER: Final = timedelta(hours=24)
_ATTEMPTS: Final = 3
"""So many numbers are tried; that one of a day's billion is taken is rare, that three are does not happen."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order with its lines. is_new: False for that of a period which was there already."""

    order: Order
    lines: Sequence[PricedLine] | Sequence[OrderLine]
    is_new: bool = True


class OrderPlacing:
    """Places orders in the caller's unit of work, by as many statements however many lines they have."""

    def __init__(
        self,
        orders: OrderRepository,
        quoting: OrderQuoting,
        coupon_uses: Coupons,
        carts: CartPaying,
        messages: CustomerMessages,
        clock: Clock,
    ) -> None:
        self._orders = orders
        self._quoting = quoting
        self._coupon_uses = coupon_uses
        self._carts = carts
        self._messages = messages
        self._clock = clock

    async def place(self, new: NewOrder | CartOrder, *, by: str) -> Placed:
        """Write an order and tell its customer; a cart becomes its order once and for all.

        That of a subscription's period which is there already is returned as it is. Raises what `OrderQuoting.quote` and
        `CartPaying.take` raise, and CouponUsedUp and CouponUsedByCustomer; then the unit of work has to be rolled back.
        """
        if isinstance(new, NewOrder):
            return await self._write(new, await self._quoting.quote(new, hold=True), by=by)
        taken = await self._carts.take(new.cart_id, new.organization_id, new.version)
        whole = _of_cart(new, taken)
        priceable = await self._quoting.quote_cart(whole, taken)
        placed = await self._write(whole, priceable, by=by, cart_id=new.cart_id)
        await self._carts.become_order(taken)
        return placed

    async def _write(self, new: NewOrder, what: Priceable, *, by: str, cart_id: UUID | None = None) -> Placed:
        now = self._clock()
        values = _values(new, what, now) | {"cart_id": cart_id, "changed_by": by}
        for _ in range(_ATTEMPTS):
            number = {"number": new_number(now.date())}
            order = await self._orders.insert(values | number, what.priced.lines)
            if order is not None:
                await self._after(order, what)
                return Placed(order, what.priced.lines)
            if new.subscription_id is not None and new.period_start is not None:
                known = await self._orders.of_period(new.subscription_id, new.period_start)
                if known is not None:
                    return Placed(known, await self._orders.lines(known.id), is_new=False)
        raise Conflict("another order came first; read again and retry")

    async def _after(self, order: Order, what: Priceable) -> None:
        if order.coupon_held and what.coupon is not None:
            await self._coupon_uses.hold(what.coupon.id, order.customer_id)
        if order.status != "draft":
            self._messages.confirmed(order, what.priced.lines)


def _of_cart(new: CartOrder, taken: Taken) -> NewOrder:
    return NewOrder(
        organization_id=new.organization_id,
        customer_id=taken.customer_id,
        currency=taken.currency,
        lines=[Wanted(item.sku, item.quantity, item.seen) for item in taken.items],
        delivery=new.delivery,
        due_on=new.due_on,
        draft=new.draft,
    )


def _values(new: NewOrder, what: Priceable, now: datetime) -> dict[str, Any]:
    """The columns of a new order."""
    status: OrderStatus = "draft" if new.draft else "placed" if what.priced.total_minor else "paid"
    waits = status == "placed" and new.subscription_id is None
    return totals_of(what.priced) | {
        "id": uuid7(),
        "organization_id": new.organization_id,
        "customer_id": new.customer_id,
        "legal_entity_id": what.seller.legal_entity_id,
        "status": status,
        "currency": what.terms.currency,
        "supply_kind": what.terms.supply_kind,
        "supplier_state": what.terms.supplier_state,
        "place_of_supply": what.terms.place_of_supply,
        "round_to_minor": what.terms.round_to_minor,
        "delivery": what.delivery,
        "due_on": new.due_on,
        "placed_at": None if new.draft else now,
        "pay_until": now + what.seller.pay_within if waits else None,
        "coupon_id": what.coupon.id if what.coupon is not None else None,
        "coupon_held": what.coupon is not None and not new.draft,
        "subscription_id": new.subscription_id,
        "period_start": new.period_start,
        "remind_at": now + FIRST_REMINDER if waits or new.draft else None,
        "created_at": now,
        "updated_at": now,
    }
