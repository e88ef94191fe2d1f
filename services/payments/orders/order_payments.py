"""Where money meets orders: what payments bring, what refunds take, and that a gateway is at it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.errors import OrderNotFound
from services.payments.orders.receipts_repository import Applied, PayableOrder, Receipt, ReceiptKind, ReceiptRepository

_PAID: Final = "paid"
_PARTLY: Final = "partly paid"
_REFUNDED: Final = "refunded"


class OrderPayments:
    """Writes what gateways have proved, in the caller's unit of work; so nothing is refused, and what is too much is said.

    The same payment or refund counts once, and is answered the same each time.
    """

    def __init__(self, receipts: ReceiptRepository, messages: CustomerMessages) -> None:
        self._receipts = receipts
        self._messages = messages

    async def lock(self, order_ids: Sequence[UUID]) -> dict[UUID, PayableOrder]:
        """Hold these orders until the unit of work ends, and say how they stand; those that are not there are missing."""
        return await self._receipts.lock(order_ids)

    async def received(self, order_id: UUID, amount_minor: int, payment_id: UUID, at: datetime) -> Applied:
        """A payment has brought money. surplus_minor is what the order had no use for. Raises OrderNotFound."""
        (applied,) = await self.received_many([Receipt(order_id, payment_id, amount_minor, at)])
        return applied

    async def received_many(self, receipts: Sequence[Receipt]) -> list[Applied]:
        """The same for many payments, in their order, by four statements. Raises OrderNotFound."""
        applied, orders = await self._apply("payment", receipts)
        at = {(one.order_id, one.source_id): one.at for one in receipts}
        due = {order_id: order.due_minor for order_id, order in orders.items()}
        for one in applied:
            due[one.order_id] -= one.applied_minor
            if one.applied_minor:
                self._tell_paid(orders[one.order_id], one, at[one.order_id, one.source_id], due_minor=due[one.order_id])
        return await self._answer("payment", receipts, applied)

    async def refunded(self, order_id: UUID, amount_minor: int, refund_id: UUID, at: datetime) -> Applied:
        """A refund has taken money. surplus_minor is what the order had not received. Raises OrderNotFound."""
        receipt = Receipt(order_id, refund_id, amount_minor, at)
        applied, orders = await self._apply("refund", [receipt])
        for one in applied:
            if one.applied_minor:
                self._messages.stands(orders[order_id], _REFUNDED, None, key=f"refund:{refund_id}", at=at)
        return (await self._answer("refund", [receipt], applied))[0]

    async def processing(self, order_id: UUID, *, on: bool, at: datetime) -> None:
        """A gateway is at the order's payment, or has given it up. While it is, the order neither expires nor changes."""
        await self._receipts.processing([order_id], at, on=on)

    async def _apply(self, kind: ReceiptKind, receipts: Sequence[Receipt]) -> tuple[list[Applied], dict[UUID, PayableOrder]]:
        orders = await self._receipts.lock(sorted({one.order_id for one in receipts}))
        if not orders.keys() >= {one.order_id for one in receipts}:
            raise OrderNotFound("money was received for an order that is not there")
        once = {(one.order_id, one.source_id): one for one in receipts}
        return await self._receipts.apply(kind, list(once.values())), orders

    async def _answer(self, kind: ReceiptKind, receipts: Sequence[Receipt], applied: Sequence[Applied]) -> list[Applied]:
        """What came of each, now or when it was first told."""
        found = {(one.order_id, one.source_id): one for one in applied}
        missing = [one.source_id for one in receipts if (one.order_id, one.source_id) not in found]
        if missing:
            found |= {(one.order_id, one.source_id): one for one in await self._receipts.known(kind, missing)}
        return [found[one.order_id, one.source_id] for one in receipts]

    def _tell_paid(self, order: PayableOrder, one: Applied, at: datetime, *, due_minor: int) -> None:
        status = _PARTLY if due_minor else _PAID
        self._messages.stands(order, status, None, key=f"payment:{one.source_id}", at=at)
        if not due_minor:
            self._messages.forget_reminders(order.id, order.reminders, "the order is paid")
