"""Reminders of subscriptions by the clock."""

from services.payments import subscription_deps as deps
from shared.contracts.payments import SendPaymentReminders, SendSubscriptionRenewalReminders
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(SendSubscriptionRenewalReminders)
async def send_subscription_renewal_reminders(session: Session, received: Received[SendSubscriptionRenewalReminders]) -> None:
    """Tell of the charges of the next 24 hours."""
    await deps.reminders(session).announce_renewals(received.message.slot or received.occurred_at)


@task(SendPaymentReminders)
async def send_payment_reminders(session: Session, received: Received[SendPaymentReminders]) -> None:
    """Remind by SMS of what ends soon."""
    await deps.reminders(session).remind(received.message.slot or received.occurred_at)
