"""What an order had taken up to become cheaper, and gives back as it is cancelled: its coupon, a subscription's credit."""

from typing import Protocol
from uuid import UUID

from services.payments.coupons.service import Coupons
from services.payments.orders.models import Order


class TakenCredit(Protocol):
    """Gives back credit for unused days. Works in the same unit of work, under the lock of the order."""

    async def give_back(self, subscription_id: UUID, order_id: UUID, amount_minor: int) -> None:
        """Let so much of it be taken again, before tax; at most what the order's period has taken and not given back yet."""
        ...


class TakenUp:
    """Works in the unit of work in which the order is cancelled."""

    def __init__(self, coupon_uses: Coupons, credit: TakenCredit) -> None:
        self._coupon_uses = coupon_uses
        self._credit = credit

    async def give_back(self, order: Order, held_coupon: UUID | None, discount_minor: int) -> None:
        """held_coupon: the one that it held until now. discount_minor: what of its discount goes with what is cancelled."""
        if held_coupon is not None and not order.coupon_held:
            await self._coupon_uses.release([(held_coupon, order.customer_id)])
        if order.subscription_id is not None and discount_minor:
            await self._credit.give_back(order.subscription_id, order.id, discount_minor)
