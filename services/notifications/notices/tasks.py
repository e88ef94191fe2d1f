"""What a worker does with notices: each becomes a message for each channel."""

from collections.abc import Sequence

from services.notifications import notice_deps
from shared.contracts.notifications import (
    SendBulkEmail,
    SendInvoiceEmail,
    SendInvoiceOverdue,
    SendNotification,
    SendOrderConfirmation,
    SendOrderReminder,
    SendOrderShipped,
    SendOrderStatus,
    SendPaymentFailed,
    SendPaymentReminderSms,
    SendSubscriptionRenewalReminder,
    SendTripAssignmentNotification,
    SendWelcomeEmail,
)
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(SendOrderConfirmation)
async def send_order_confirmation(session: Session, received: Sequence[Received[SendOrderConfirmation]]) -> None:
    """Confirms an order, by e-mail and SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendOrderShipped)
async def send_order_shipped(session: Session, received: Sequence[Received[SendOrderShipped]]) -> None:
    """Says that an order is on its way, by e-mail and SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendOrderStatus)
async def send_order_status(session: Session, received: Sequence[Received[SendOrderStatus]]) -> None:
    """Says how an order stands, by e-mail."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendOrderReminder)
async def send_order_reminder(session: Session, received: Sequence[Received[SendOrderReminder]]) -> None:
    """Reminds somebody of what an order waits for, by e-mail."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendPaymentFailed)
async def send_payment_failed(session: Session, received: Sequence[Received[SendPaymentFailed]]) -> None:
    """Says that a payment has failed, by e-mail and SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendSubscriptionRenewalReminder)
async def send_subscription_renewal_reminder(
    session: Session, received: Sequence[Received[SendSubscriptionRenewalReminder]]
) -> None:
    """Says that a subscription will be charged, by e-mail and SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendPaymentReminderSms)
async def send_payment_reminder_sms(session: Session, received: Sequence[Received[SendPaymentReminderSms]]) -> None:
    """Reminds a customer by SMS that what was paid for ends soon."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendInvoiceEmail)
async def send_invoice_email(session: Session, received: Sequence[Received[SendInvoiceEmail]]) -> None:
    """Sends an invoice by e-mail, with its PDF."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendInvoiceOverdue)
async def send_invoice_overdue(session: Session, received: Sequence[Received[SendInvoiceOverdue]]) -> None:
    """Says that an invoice is overdue, by e-mail and SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendWelcomeEmail)
async def send_welcome_email(session: Session, received: Sequence[Received[SendWelcomeEmail]]) -> None:
    """Welcomes somebody, by e-mail."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendTripAssignmentNotification)
async def send_trip_assignment_notification(
    session: Session, received: Sequence[Received[SendTripAssignmentNotification]]
) -> None:
    """Tells a driver of a trip, in the app and by SMS."""
    await notice_deps.notices(session).carry_out(received)


@task_many(SendNotification)
async def send_notification(session: Session, received: Sequence[Received[SendNotification]]) -> None:
    """Tells a person something over the channels that its template has a part for."""
    await notice_deps.notices(session).notify(received)


@task_many(SendBulkEmail)
async def send_bulk_email(session: Session, received: Sequence[Received[SendBulkEmail]]) -> None:
    """Sends one e-mail to each of many."""
    await notice_deps.bulk_emails(session).carry_out(received)
