"""Drafts: quotations that become orders, at their prices as far as those hold."""

from uuid import UUID

from services.payments.coupons.service import Coupons
from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.life_cycle import PLACEABLE, require
from services.payments.orders.models import Change, Order
from services.payments.orders.placing import FIRST_REMINDER
from services.payments.orders.pricing import totals_of
from services.payments.orders.quoting import OrderQuoting
from services.payments.orders.service import Check, held_order
from services.payments.orders.writing_repository import OrderRepository
from shared.runtime.clock import Clock


class DraftPlacing:
    """Places drafts in one unit of work."""

    def __init__(
        self,
        orders: OrderRepository,
        quoting: OrderQuoting,
        coupon_uses: Coupons,
        messages: CustomerMessages,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._orders = orders
        self._quoting = quoting
        self._coupon_uses = coupon_uses
        self._messages = messages
        self._clock = clock
        self._by = by

    async def place(self, order_id: UUID, organization_id: UUID | None, check: Check) -> Order:
        """Make an order of a draft.

        Raises OrderNotFound, StatusForbids, what `OrderQuoting.requote` and `check` raise, and CouponUsedUp and
        CouponUsedByCustomer; then the unit of work has to be rolled back.
        """
        order = await held_order(self._orders, order_id, organization_id, check)
        require(order, PLACEABLE, "placed")
        what = await self._quoting.requote(order, await self._orders.lines(order.id))
        await self._orders.rewrite(order.id, what.priced.lines)
        self._messages.forget_reminders(order.id, order.reminders, "the order was placed")
        now = self._clock()
        values = totals_of(what.priced) | {
            "status": "placed" if what.priced.total_minor else "paid",
            "placed_at": now,
            "pay_until": now + what.seller.pay_within,
            "remind_at": now + FIRST_REMINDER,
            "reminders": 0,
            "coupon_held": what.coupon is not None,
        }
        placed = await self._orders.change(order.id, values, Change(self._by, now))
        if what.coupon is not None:
            await self._coupon_uses.hold(what.coupon.id, placed.customer_id)
        self._messages.confirmed(placed, what.priced.lines)
        return placed
