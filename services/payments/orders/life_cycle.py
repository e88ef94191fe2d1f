"""Which status follows from what has happened to an order. The database has the transitions, and is the last to refuse."""

from collections.abc import Collection, Sequence
from typing import Final

from services.payments.orders.errors import StatusForbids
from services.payments.orders.models import Order, OrderLine, OrderStatus

PAYABLE: Final = frozenset[OrderStatus]({"placed", "partially_paid", "paid"})
"""Whose status says how much of the order is paid."""

PLACEABLE: Final = frozenset[OrderStatus]({"draft"})
AMENDABLE: Final = frozenset[OrderStatus]({"draft", *PAYABLE, "in_production", "partially_fulfilled"})
CANCELLABLE: Final = AMENDABLE
PRODUCIBLE: Final = PAYABLE
FULFILLABLE: Final = frozenset[OrderStatus]({"paid", "in_production", "partially_fulfilled"})


def require(order: Order, statuses: Collection[OrderStatus], what: str) -> None:
    """Raises StatusForbids. what: the participle of what is asked for, such as `amended`."""
    if order.status not in statuses:
        possible = sorted(statuses)
        raise StatusForbids(
            f"the order is {order.status} and cannot be {what}; it could while it is {', '.join(possible)}",
            order_status=order.status,
            possible=possible,
        )


def status_when_owing(order: Order, owed_minor: int) -> OrderStatus:
    """The status of an order that comes to so much by now."""
    if order.status not in PAYABLE:
        return order.status
    if order.held_minor >= owed_minor:
        return "paid"
    return "partially_paid" if order.held_minor else "placed"


def status_when_delivered(lines: Sequence[OrderLine]) -> OrderStatus | None:
    """The status that follows from what is delivered and cancelled of these lines; None where it follows from something else."""
    is_open = any(line.open_quantity for line in lines)
    is_begun = any(line.fulfilled_quantity for line in lines)
    if is_open:
        return "partially_fulfilled" if is_begun else None
    return "fulfilled" if is_begun else "cancelled"
