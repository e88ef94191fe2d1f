"""What messages to customers are about; `notifications.cancel_messages` names it."""

from datetime import date
from uuid import UUID


def reminders_of(subscription_id: UUID) -> str:
    """Reminders of a subscription's next period."""
    return f"payments.subscription:{subscription_id}"


def failures_of(subscription_id: UUID, start_on: date) -> str:
    """What is said of a period that was not paid."""
    return f"payments.subscription_payment:{subscription_id}:{start_on.isoformat()}"
