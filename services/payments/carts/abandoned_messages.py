"""What customers hear of carts that they have left."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.payments.carts.models import SUBJECT, Abandoned
from services.payments.customers.models import reference_of
from shared.contracts.money import Money
from shared.contracts.notifications import CancelMessages, SendNotification
from shared.runtime.outbox import Publisher

_VALID: Final = {1: timedelta(hours=12), 2: timedelta(hours=24), 3: timedelta(hours=24)}
"""How long each reminder is worth sending: not into the time of the next one."""


def reminder_of(cart: Abandoned, slot: datetime) -> SendNotification:
    """The reminder of a cart that was left. A change of the cart makes its reminders new ones."""
    subtotal = Money(amount_minor=cart.subtotal_minor, currency=cart.currency)
    return SendNotification(
        to_person=reference_of(cart.customer_id),
        notification_type="cart_abandoned",
        category="marketing",
        organization_id=cart.organization_id,
        context={"cart_id": str(cart.id), "step": cart.step, "items": cart.items, "subtotal": subtotal.model_dump()},
        dedupe_key=f"payments.cart_abandoned:{cart.id}:{cart.version}:{cart.step}",
        subject_key=SUBJECT.format(cart.id),
        valid_until=slot + _VALID[cart.step],
    )


def cancel_reminders(publisher: Publisher, cart_ids: Iterable[UUID], reason: str) -> None:
    """Have reminders of these carts that have not been sent dropped."""
    for cart_id in cart_ids:
        publisher.publish(CancelMessages(subject_key=SUBJECT.format(cart_id), reason=reason))
