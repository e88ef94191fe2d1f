"""Orders as they are read, and the steps that people take them through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.errors import MoreThanOrdered, OrderNotFound, OrderUnpaid, UnknownLine
from services.payments.orders.life_cycle import FULFILLABLE, PRODUCIBLE, require, status_when_delivered
from services.payments.orders.models import Change, Order, OrderLine
from services.payments.orders.quoting import Priceable
from services.payments.orders.repository import OrderReader
from services.payments.orders.shown_schemas import (
    FulfilmentOut,
    OrderDetail,
    OrderLineOut,
    OrderOut,
    OrderSummary,
    PlannedRefundOut,
    Quote,
)
from services.payments.orders.writing_repository import OrderRepository
from shared.runtime.clock import Clock

Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def order_of(orders: OrderReader, order_id: UUID, organization_id: UUID | None) -> Order:
    """An order. Raises OrderNotFound, also for another organization's."""
    return _found(await orders.find(order_id, organization_id))


async def held_order(orders: OrderReader, order_id: UUID, organization_id: UUID | None, check: Check) -> Order:
    """An order that nobody else changes until the unit of work ends. Raises OrderNotFound and what `check` raises."""
    order = _found(await orders.find(order_id, organization_id, lock=True))
    check(order.version)
    return order


def shown(order: Order, lines: Sequence[Any]) -> OrderOut:
    """An order with its lines, as rows or as they were priced."""
    summary = OrderSummary.model_validate(order)
    return OrderOut(**summary.model_dump(), lines=[OrderLineOut.model_validate(line, from_attributes=True) for line in lines])


def quoted(what: Priceable) -> Quote:
    """What an order would come to."""
    totals = asdict(what.priced) | asdict(what.terms)
    return Quote.model_validate(totals)


async def detail(orders: OrderReader, order_id: UUID, organization_id: UUID | None) -> OrderDetail:
    """An order with everything that belongs to it. Raises OrderNotFound."""
    order = await order_of(orders, order_id, organization_id)
    return OrderDetail(
        **shown(order, await orders.lines(order_id)).model_dump(),
        fulfilments=[FulfilmentOut.model_validate(one) for one in await orders.fulfilments(order_id)],
        refund_plans=[PlannedRefundOut.model_validate(one) for one in await orders.refund_plans(order_id)],
    )


def pieces(lines: Sequence[OrderLine], asked: Mapping[int, int] | None) -> dict[int, int]:
    """So many of each line, by number; for None all that is open. Raises UnknownLine and MoreThanOrdered."""
    open_quantities = {line.number: line.open_quantity for line in lines}
    if asked is None:
        return {number: quantity for number, quantity in open_quantities.items() if quantity}
    for number, quantity in asked.items():
        if number not in open_quantities:
            raise UnknownLine(f"the order has no line {number}; GET it to see its lines", number=number)
        if quantity > open_quantities[number]:
            left = open_quantities[number]
            raise MoreThanOrdered(f"line {number} has {left} left to be delivered; name no more", number=number, left=left)
    return dict(asked)


class OrderSteps:
    """Takes orders on their way, in one unit of work."""

    def __init__(self, orders: OrderRepository, messages: CustomerMessages, clock: Clock, *, by: str) -> None:
        self._orders = orders
        self._messages = messages
        self._clock = clock
        self._by = by

    async def produce(self, order_id: UUID, organization_id: UUID | None, reason: str | None, check: Check) -> Order:
        """Begin to make it. One that is not paid needs a reason, because it is made on credit.

        Raises OrderNotFound, StatusForbids, OrderUnpaid and what `check` raises.
        """
        order = await held_order(self._orders, order_id, organization_id, check)
        require(order, PRODUCIBLE, "put into production")
        if order.status != "paid" and reason is None:
            raise OrderUnpaid(
                f"{order.due_minor} minor units are due; wait for them, or give the reason for making it on credit",
                due_minor=order.due_minor,
            )
        change = Change(self._by, self._clock(), reason)
        produced = await self._orders.change(order.id, {"status": "in_production", "remind_at": None}, change)
        self._messages.stands(produced, "in production", None, key=f"v{produced.version}", at=change.at)
        return produced

    async def fulfil(
        self, order_id: UUID, organization_id: UUID | None, asked: Mapping[int, int] | None, parcel: Mapping[str, Any]
    ) -> Order:
        """Note what went to the customer, and tell them. asked: quantities by line, None for all that is open.

        Raises OrderNotFound, StatusForbids, UnknownLine and MoreThanOrdered.
        """
        order = await held_order(self._orders, order_id, organization_id, lambda _: None)
        require(order, FULFILLABLE, "delivered")
        delivered = pieces(await self._orders.lines(order.id), asked)
        await self._orders.fulfil(order.id, delivered)
        lines = [{"number": number, "quantity": quantity} for number, quantity in sorted(delivered.items())]
        now = self._clock()
        noted = await self._orders.note_fulfilment(order.id, {**parcel, "lines": lines}, by=self._by, at=now)
        status = status_when_delivered(await self._orders.lines(order.id))
        details = {"fulfilment_id": str(noted.id), "lines": lines}
        changed = await self._orders.change(order.id, {"status": status, "remind_at": None}, Change(self._by, now, None, details))
        self._messages.shipped(changed, noted)
        return changed


def _found(order: Order | None) -> Order:
    if order is None:
        raise OrderNotFound("there is no order with this id; GET /v1/orders lists those that there are")
    return order
