"""Amendments: more or fewer of something, at the price at which it was ordered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.payments.catalog.models import MAX_LINES, MAX_QUANTITY
from services.payments.catalog.repository import ProductReader
from services.payments.coupons.models import Coupon
from services.payments.coupons.repository import CouponReader
from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.errors import (
    BelowFulfilled,
    BelowPaid,
    LineAssigned,
    MoreThanOrdered,
    NothingOrdered,
    OrderInvoiced,
    OrderTakesCredit,
    OrderTooLarge,
    PaymentInProgress,
)
from services.payments.orders.invoicing import Invoicing
from services.payments.orders.life_cycle import AMENDABLE, require, status_when_owing
from services.payments.orders.models import Bought, Change, Order, OrderLine, Priced
from services.payments.orders.new_orders import Wanted
from services.payments.orders.placing import FIRST_REMINDER
from services.payments.orders.pricing import at_price, kept, priced, totals_of
from services.payments.orders.quoting import bought
from services.payments.orders.service import Check, held_order
from services.payments.orders.writing_repository import OrderRepository
from shared.runtime.clock import Clock


class OrderAmending:
    """Changes what was ordered, in one unit of work."""

    def __init__(
        self,
        orders: OrderRepository,
        products: ProductReader,
        coupons: CouponReader,
        invoicing: Invoicing,
        messages: CustomerMessages,
        clock: Clock,
        *,
        by: str,
    ) -> None:
        self._orders = orders
        self._products = products
        self._coupons = coupons
        self._invoicing = invoicing
        self._messages = messages
        self._clock = clock
        self._by = by

    async def amend(
        self, order_id: UUID, organization_id: UUID | None, deltas: Mapping[str, int], reason: str, check: Check
    ) -> Order:
        """Change quantities by these deltas, by SKU; what is new comes at today's price.

        Raises OrderNotFound, StatusForbids, PaymentInProgress, OrderInvoiced, OrderTakesCredit, LineAssigned, BelowFulfilled,
        BelowPaid, NothingOrdered, MoreThanOrdered, OrderTooLarge, and what `sold`, `discounts` and `check` raise.
        """
        order = await held_order(self._orders, order_id, organization_id, check)
        require(order, AMENDABLE, "amended")
        if order.in_payment_since is not None:
            raise PaymentInProgress("the order is being paid; wait until the payment has ended")
        if await self._invoicing.is_invoiced(order.id):
            raise OrderInvoiced("an invoice bills the order as it is; cancel pieces, which credits them, and order others anew")
        if order.subscription_id is not None and order.discount_minor:
            raise OrderTakesCredit("unused days of its subscription make it cheaper; cancel pieces, and order others anew")
        known = await self._orders.lines(order.id)
        _require_free(known, deltas, await self._orders.assigned(order.id))
        lines = await self._with_deltas(order, known, deltas)
        coupon = await self._coupon(order)
        now_priced = priced(lines, coupon, order.terms)
        change = Change(self._by, self._clock(), reason, {"lines": _differences(known, now_priced)})
        await self._orders.rewrite(order.id, now_priced.lines)
        owed = await self._owed(order, now_priced)
        values = totals_of(now_priced) | {"cancelled_minor": now_priced.total_minor - owed}
        values["status"] = status_when_owing(order, owed)
        if values["status"] in ("placed", "partially_paid"):
            values |= {"remind_at": change.at + FIRST_REMINDER, "reminders": 0}
        amended = await self._orders.change(order.id, values, change)
        if order.status != "draft":
            self._messages.stands(amended, "changed", reason, key=f"v{amended.version}", at=change.at)
        return amended

    async def _coupon(self, order: Order) -> Coupon | None:
        return await self._coupons.find(order.coupon_id, order.organization_id) if order.coupon_id is not None else None

    async def _with_deltas(self, order: Order, known: Sequence[OrderLine], deltas: Mapping[str, int]) -> list[Bought]:
        kept_lines = [
            at_price(line, quantity, line.unit_price_minor)
            for line in known
            if (quantity := _amended(line, deltas.get(line.sku, 0)))
        ]
        new = {sku: delta for sku, delta in deltas.items() if sku not in {line.sku for line in known}}
        if any(delta < 0 for delta in new.values()):
            raise MoreThanOrdered("there is none of a product in the order to be taken off; GET it to see its lines")
        products = await self._products.by_sku(order.organization_id, list(new)) if new else {}
        added = bought([Wanted(sku, delta) for sku, delta in new.items()], products, order.currency)
        last = max(line.number for line in known)
        lines = kept_lines + [replace(line, number=last + line.number) for line in added]
        if not lines:
            raise NothingOrdered("nothing would be left; cancel the order instead")
        if len(lines) > MAX_LINES:
            raise OrderTooLarge(f"an order has {MAX_LINES} lines at most; make a second one of the others")
        return lines

    async def _owed(self, order: Order, now_priced: Priced) -> int:
        """What the order comes to without what was cancelled of it. Raises BelowPaid."""
        lines = await self._orders.lines(order.id)
        cancelled = {line.number: line.cancelled_quantity for line in lines}
        owed = kept(lines, cancelled, order.terms)[1].total_minor if any(cancelled.values()) else now_priced.total_minor
        if owed < order.held_minor:
            raise BelowPaid(
                f"{order.held_minor} minor units are paid for it and only {owed} would be owed; cancel the pieces instead, which"
                " plans the refund",
                paid_minor=order.held_minor,
                owed_minor=owed,
            )
        return owed


def _require_free(known: Sequence[OrderLine], deltas: Mapping[str, int], assigned: Collection[int]) -> None:
    """Raises LineAssigned: a manufacturer makes what it has accepted, and nobody would be asked for the difference."""
    made = [line.number for line in known if line.number in assigned and deltas.get(line.sku, 0)]
    if made:
        raise LineAssigned(
            "a manufacturer makes so many of it; withdraw the offer first, and the line is offered anew once it is amended",
            lines=made,
        )


def _amended(line: OrderLine, delta: int) -> int:
    quantity, bound = line.quantity + delta, line.fulfilled_quantity + line.cancelled_quantity
    if quantity < 0 or quantity > MAX_QUANTITY:
        raise MoreThanOrdered(f"line {line.number} would have {quantity} pieces; it can have from 0 to {MAX_QUANTITY}")
    if quantity < bound:
        raise BelowFulfilled(
            f"{bound} pieces of line {line.number} are delivered or cancelled; leave at least as many", bound=bound
        )
    return quantity


def _differences(known: Sequence[OrderLine], what: Priced) -> list[dict[str, Any]]:
    """Each line of which there are more or fewer by now."""
    had = {line.number: (line.sku, line.quantity) for line in known}
    has = {line.number: (line.sku, line.quantity) for line in what.lines}
    return [
        {
            "number": number,
            "sku": (has.get(number) or had[number])[0],
            "before": had.get(number, ("", 0))[1],
            "after": has.get(number, ("", 0))[1],
        }
        for number in sorted(had.keys() | has.keys())
        if had.get(number) != has.get(number)
    ]
