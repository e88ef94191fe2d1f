"""What other services hear of subscriptions that are over, and of the orders of their periods."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.payments.subscriptions.models import OVER, SubscriptionStatus
from services.payments.subscriptions.new_models import NewOrder
from shared.contracts.money import Money
from shared.contracts.payments import OrderPlaced, SubscriptionEnded


class About(Protocol):
    """What has to be known of a subscription."""

    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID: ...


def over(one: About, status: SubscriptionStatus, at: datetime) -> SubscriptionEnded:
    """It is over, as `status` says."""
    assert status in OVER, "only what is over is told as that"
    return SubscriptionEnded(
        subscription_id=one.id,
        organization_id=one.organization_id,
        customer_id=one.customer_id,
        status="cancelled" if status == "cancelled" else "ended",
        ended_at=at,
    )


def placed(order: NewOrder, at: datetime) -> OrderPlaced:
    """The order of a period."""
    return OrderPlaced(
        order_id=order.id,
        organization_id=order.organization_id,
        customer_id=order.customer_id,
        total=Money(amount_minor=order.total_minor, currency=order.currency),
        lines=len(order.lines),
        placed_at=at,
        subscription_id=order.subscription_id,
    )
