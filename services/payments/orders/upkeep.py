"""What happens to orders by the clock: paid ones go on, unpaid ones end, and customers are reminded of what waits for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.coupons.service import Coupons
from services.payments.money.formatting import show
from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.upkeep_repository import Moved, OrderUpkeepRepository, Waiting
from shared.contracts.money import Money
from shared.contracts.payments import ProcessPendingOrders, SendOrderReminders
from shared.runtime.outbox import Publisher

AT_ONCE: Final = 500
"""So many orders are touched by one message; the rest by one that follows."""


class OrderUpkeep:
    """Works in one unit of work: what it writes and what it publishes is committed together."""

    def __init__(
        self, orders: OrderUpkeepRepository, coupon_uses: Coupons, messages: CustomerMessages, publisher: Publisher
    ) -> None:
        self._orders = orders
        self._coupon_uses = coupon_uses
        self._messages = messages
        self._publisher = publisher

    async def process(self, slot: datetime) -> None:
        """Let paid orders go on that wait for no maker, and end those that were to be paid by `slot` and are not."""
        going = await self._orders.go_on(slot, AT_ONCE)
        for order in going:
            self._messages.stands(order, "in production", None, key=f"v{order.version}", at=slot)
        ended = await self._orders.expire(slot, AT_ONCE)
        await self._coupon_uses.release(_uses(ended))
        for order in ended:
            self._messages.forget_reminders(order.id, order.reminders, "the order has expired")
            self._messages.stands(order, "cancelled", "It was not paid in time.", key=f"v{order.version}", at=slot)
        if AT_ONCE in (len(going), len(ended)):
            self._publisher.publish(ProcessPendingOrders(slot=slot))

    async def remind(self, slot: datetime) -> None:
        """Remind customers of what waits for them: at most three times, a day apart."""
        waiting = await self._orders.take_waiting(slot, AT_ONCE)
        for order in waiting:
            self._messages.reminded(order, _action(order), by=order.pay_by, reminder=order.reminders, at=slot)
        if len(waiting) == AT_ONCE:
            self._publisher.publish(SendOrderReminders(slot=slot))


def _uses(orders: Sequence[Moved]) -> list[tuple[UUID, UUID]]:
    return [(order.coupon_id, order.customer_id) for order in orders if order.coupon_id is not None]


def _action(order: Waiting) -> str:
    if order.status == "draft":
        return "confirm the order"
    return f"pay {show(Money(amount_minor=order.due_minor, currency=order.currency), order.locale)}"
