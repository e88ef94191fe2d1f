"""What customers hear of their orders, and what other services do.

Each message to a customer has a key by which it is sent once, and an end to its being worth sending.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from services.payments.customers.models import reference_of
from services.payments.orders.models import Fulfilment, Order, PricedLine
from shared.contracts.money import Money
from shared.contracts.notifications import (
    CancelMessages,
    OrderLine,
    SendOrderConfirmation,
    SendOrderReminder,
    SendOrderShipped,
    SendOrderStatus,
)
from shared.contracts.payments import OrderCancelled, OrderPlaced
from shared.runtime.outbox import Publisher

_WORTH: Final = timedelta(days=7)
_REMINDER_WORTH: Final = timedelta(hours=24)
_CONFIRMED_LINES: Final = 50
"""So many lines a confirmation names; names of two hundred could be more than a message holds."""


class About(Protocol):
    """What a message has to know of an order."""

    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID: ...
    @property
    def number(self) -> str: ...


class CustomerMessages:
    """Publishes in the unit of work of what it tells of."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def confirmed(self, order: Order, lines: Sequence[PricedLine]) -> None:
        """The order was placed."""
        shown = [
            OrderLine(
                name=line.name, quantity=line.quantity, amount=Money(amount_minor=line.total_minor, currency=order.currency)
            )
            for line in lines[:_CONFIRMED_LINES]
        ]
        assert order.placed_at is not None, "it is placed"
        self._publisher.publish(
            SendOrderConfirmation(
                **_of(order),
                total=Money(amount_minor=order.total_minor, currency=order.currency),
                lines=shown,
                estimated_delivery_on=order.due_on,
                subject_key=_subject(order),
                dedupe_key=f"payments.order_confirmation:{order.id}",
                valid_until=order.placed_at + _WORTH,
            )
        )

        self._publisher.publish(
            OrderPlaced(
                order_id=order.id,
                organization_id=order.organization_id,
                customer_id=order.customer_id,
                total=Money(amount_minor=order.total_minor, currency=order.currency),
                lines=len(lines),
                placed_at=order.placed_at,
                subscription_id=order.subscription_id,
            )
        )

    def cancelled(self, order: Order, reason: str) -> None:
        """Something of the order was cancelled, or all of it."""
        is_whole = order.status == "cancelled"
        status = "cancelled" if is_whole else "partly cancelled"
        self.stands(order, status, reason, key=f"v{order.version}", at=order.updated_at)
        if is_whole:
            self._publisher.publish(
                OrderCancelled(
                    order_id=order.id,
                    organization_id=order.organization_id,
                    customer_id=order.customer_id,
                    total=Money(amount_minor=order.total_minor, currency=order.currency),
                    cancelled_at=order.updated_at,
                )
            )

    def stands(self, order: About, status: str, note: str | None, *, key: str, at: datetime) -> None:
        """How the order stands now. key: what tells this piece of news from others of the same order."""
        self._publisher.publish(
            SendOrderStatus(
                **_of(order),
                status=status,
                note=note,
                subject_key=_subject(order),
                dedupe_key=f"payments.order_status:{order.id}:{key}",
                valid_until=at + _WORTH,
            )
        )

    def shipped(self, order: About, parcel: Fulfilment) -> None:
        """Something of the order is on its way."""
        self._publisher.publish(
            SendOrderShipped(
                **_of(order),
                carrier=parcel.carrier,
                tracking_number=parcel.tracking_number,
                tracking_url=parcel.tracking_url,
                subject_key=_subject(order),
                dedupe_key=f"payments.order_shipped:{parcel.id}",
                valid_until=parcel.fulfilled_at + _WORTH,
            )
        )

    def reminded(self, order: About, action: str, *, by: date | None, reminder: int, at: datetime) -> None:
        """The order waits for its customer. reminder: counted from 1."""
        self._publisher.publish(
            SendOrderReminder(
                **_of(order),
                action=action,
                due_on=by,
                subject_key=_reminders_of(order.id),
                dedupe_key=f"payments.order_reminder:{order.id}:{reminder}",
                valid_until=at + _REMINDER_WORTH,
            )
        )

    def forget_reminders(self, order_id: UUID, reminders: int, reason: str) -> None:
        """The order waits no more: drop reminders that have not been sent, if there were any."""
        if reminders:
            self._publisher.publish(CancelMessages(subject_key=_reminders_of(order_id), reason=reason))


def _of(order: About) -> dict[str, Any]:
    """Whom a message goes to, and of what order it speaks."""
    return {
        "to_person": reference_of(order.customer_id),
        "organization_id": order.organization_id,
        "order_id": str(order.id),
        "order_number": order.number,
    }


def _subject(order: About) -> str:
    return f"payments.order:{order.id}"


def _reminders_of(order_id: UUID) -> str:
    # A subject of their own: what is paid needs no reminder any more, and its confirmation all the same.
    return f"payments.order_reminder:{order_id}"
