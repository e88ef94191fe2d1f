"""Cancellations: what was not delivered goes, what was paid for it is to be given back, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.errors import NothingToCancel
from services.payments.orders.invoicing import Invoicing
from services.payments.orders.life_cycle import CANCELLABLE, require, status_when_delivered, status_when_owing
from services.payments.orders.models import Change, Order, OrderLine, OrderStatus
from services.payments.orders.pricing import discount_of, kept
from services.payments.orders.repository import OrderReader
from services.payments.orders.service import Check, held_order, order_of, pieces
from services.payments.orders.shown_schemas import RefundLine, RefundPlanOut
from services.payments.orders.taken_up import TakenUp
from services.payments.orders.writing_repository import OrderRepository
from services.payments.payments.cases import Cases
from services.payments.tax.models import Assessment, TaxedLine
from shared.runtime.clock import Clock

_NOTHING = TaxedLine(0, 0, 0, 0, 0, 0)
_AMOUNTS = ("taxable_minor", "cgst_minor", "sgst_minor", "utgst_minor", "igst_minor", "total_minor")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What is taken off an order: so many of each line, and what that comes to. discount_minor: before tax, what of the order's
    discount goes with it."""

    quantities: Mapping[int, int]
    plan: RefundPlanOut
    owed_minor: int
    discount_minor: int


class Cancellations:
    """Works out what cancellations come to."""

    def __init__(self, orders: OrderReader) -> None:
        self._orders = orders

    async def preview(
        self, order_id: UUID, organization_id: UUID | None, asked: Mapping[int, int] | None
    ) -> tuple[RefundPlanOut, int]:
        """What a cancellation would come to, and of which version of the order; nothing is written.

        Raises OrderNotFound and what `of` raises.
        """
        order = await order_of(self._orders, order_id, organization_id)
        return (await self.of(order, asked)).plan, order.version

    async def of(self, order: Order, asked: Mapping[int, int] | None) -> Cancellation:
        """What is taken off an order. asked: quantities by line, None for all that is open.

        Raises StatusForbids, UnknownLine, MoreThanOrdered and NothingToCancel.
        """
        require(order, CANCELLABLE, "cancelled")
        lines = await self._orders.lines(order.id)
        quantities = pieces(lines, asked)
        if not quantities:
            raise NothingToCancel("everything is delivered or cancelled already")
        was = {line.number: line.cancelled_quantity for line in lines}
        will = {number: quantity + quantities.get(number, 0) for number, quantity in was.items()}
        before, after = kept(lines, was, order.terms), kept(lines, will, order.terms)
        # What credit notes by hand have taken off beside the lines stays off.
        by_hand = order.cancelled_minor - (order.total_minor - before[1].total_minor)
        was_owed = before[1].total_minor - by_hand
        owed = max(after[1].total_minor - by_hand, 0)
        # What was given back for other reasons, or is about to be, cannot be given back again.
        left = order.paid_minor - order.refunded_minor - await self._orders.promised_refunds(order.id)
        plan = RefundPlanOut(
            currency=order.currency,
            lines=[_refund_line(line, quantities[line.number], before, after) for line in lines if line.number in quantities],
            round_off_minor=before[1].round_off_minor - after[1].round_off_minor,
            cancelled_minor=was_owed - owed,
            refund_minor=max(min(order.held_minor - owed, left), 0),
        )
        return Cancellation(quantities, plan, owed, discount_of(lines, was) - discount_of(lines, will))


class OrderCancelling:
    """Cancels in one unit of work. Who moves the money carries out the plan that it leaves."""

    def __init__(
        self,
        orders: OrderRepository,
        cancellations: Cancellations,
        taken_up: TakenUp,
        invoicing: Invoicing,
        messages: CustomerMessages,
        cases: Cases,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._orders = orders
        self._cancellations = cancellations
        self._taken_up = taken_up
        self._invoicing = invoicing
        self._messages = messages
        self._cases = cases
        self._clock = clock
        self._by = by

    async def cancel(
        self, order_id: UUID, organization_id: UUID | None, asked: Mapping[int, int] | None, reason: str, check: Check
    ) -> Order:
        """Cancel what `preview` has shown. A payment that is under way does not hinder it: what it brings is surplus.

        An invoice is credited by what it bills of it; of what a manufacturer makes a person is told. Raises OrderNotFound, what
        `Cancellations.of` raises, what `Invoicing.credit` raises, and what `check` raises.
        """
        order = await held_order(self._orders, order_id, organization_id, check)
        cancellation = await self._cancellations.of(order, asked)
        await self._orders.cancel(order.id, cancellation.quantities)
        lines = await self._orders.lines(order.id)
        status = status_when_delivered(lines) or status_when_owing(order, cancellation.owed_minor)
        change = Change(self._by, self._clock(), reason, {"lines": _named(cancellation.quantities)})
        # What the change overwrites: it is the same row, and so the same object.
        was_draft, held_coupon = order.status == "draft", order.coupon_id if order.coupon_held else None
        cancelled = await self._orders.change(order.id, _values(order, cancellation, status, change), change)
        await self._taken_up.give_back(cancelled, held_coupon, cancellation.discount_minor)
        await self._plan(cancelled, cancellation.plan)
        await self._invoicing.credit(order.id, cancellation.plan, change)
        await self._note_production(cancelled, lines, cancellation.quantities)
        if not was_draft:
            self._tell(cancelled, reason)
        return cancelled

    async def _plan(self, cancelled: Order, plan: RefundPlanOut) -> None:
        if plan.refund_minor:
            row = plan.model_dump() | {"order_id": cancelled.id, "order_version": cancelled.version}
            await self._orders.plan_refund(row, by=self._by, at=cancelled.updated_at)

    async def _note_production(self, cancelled: Order, lines: Sequence[OrderLine], quantities: Mapping[int, int]) -> None:
        """Open a case for each offer whose lines are made although fewer of them are wanted: no message tells its manufacturer.
        The offers of an order that is cancelled as a whole end by themselves, with such a case."""
        if cancelled.status == "cancelled":
            return
        left = {line.number: line.open_quantity for line in lines}
        for made in await self._orders.accepted(cancelled.id, quantities):
            fewer = [{"number": one, "cancelled": quantities[one], "left": left[one]} for one in made.numbers]
            details = {
                "cancellation": f"{made.offer_id}/v{cancelled.version}",
                "offer_id": str(made.offer_id),
                "order_id": str(cancelled.id),
                "manufacturer_id": str(made.manufacturer_id),
                "lines": fewer,
            }
            await self._cases.open("production_cancelled", None, details)

    def _tell(self, cancelled: Order, reason: str) -> None:
        self._messages.cancelled(cancelled, reason)
        if cancelled.status in ("cancelled", "fulfilled"):
            self._messages.forget_reminders(cancelled.id, cancelled.reminders, "the order was cancelled")


def _values(order: Order, cancellation: Cancellation, status: OrderStatus, change: Change) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": status,
        "cancelled_minor": order.total_minor - cancellation.owed_minor,
        "released_minor": order.released_minor + max(order.held_minor - cancellation.owed_minor, 0),
    }
    if status == "cancelled":
        values |= {"cancelled_at": change.at, "coupon_held": False}
    if status not in ("draft", "placed", "partially_paid"):
        values["remind_at"] = None
    return values


def _refund_line(
    line: OrderLine, quantity: int, before: tuple[dict[int, int], Assessment], after: tuple[dict[int, int], Assessment]
) -> RefundLine:
    was, will = _line_in(line.number, before), _line_in(line.number, after)
    amounts = {name: getattr(was, name) - getattr(will, name) for name in _AMOUNTS}
    return RefundLine(number=line.number, sku=line.sku, quantity=quantity, **amounts)


def _line_in(number: int, kept_lines: tuple[dict[int, int], Assessment]) -> TaxedLine:
    places, assessment = kept_lines
    return assessment.lines[places[number]] if number in places else _NOTHING


def _named(quantities: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"number": number, "quantity": quantity} for number, quantity in sorted(quantities.items())]
