"""What other services tell people: each notice over its own channels."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from deploy.local.flows.notifications.cast import AMAZON, PLAIN
from deploy.local.flows.notifications.chapter import Chapter
from deploy.local.flows.notifications.people import CUSTOMER
from deploy.local.polling import read
from shared.contracts.money import Money
from shared.contracts.notifications import (
    Notice,
    OrderLine,
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

_PRICE = Money(amount_minor=249_900, currency="INR")
_MAIL, _SMS = "email sent by smtp", "sms sent by twilio, delivered"


class _To(TypedDict):
    to_person: str
    organization_id: UUID


async def play(chapter: Chapter) -> None:
    """Send all of them, then see how each has ended."""
    today = datetime.now(UTC).date()
    to = _To(to_person=chapter.cast.customer(CUSTOMER), organization_id=chapter.cast.organizations[PLAIN])
    by_mail = [(await chapter.send(one), one) for one in _mails(to, today)]
    by_both = [(await chapter.send(one), one) for one in _mails_and_texts(to, today)]
    reminder = await chapter.send(_renewal(chapter, today))
    await _tell_driver(chapter)
    for message_id, _ in by_mail:
        await chapter.ends(message_id, "an e-mail", _MAIL)
    for message_id, _ in by_both:
        await chapter.ends(message_id, "an e-mail and an SMS", _MAIL, _SMS)
    await chapter.ends(reminder, "an SMS by MSG91, in a registered text", "sms sent by demo-msg91, delivered")


def _mails(to: _To, today: date) -> list[Notice]:
    return [
        SendOrderStatus(**to, order_id="1042", order_number="IN-1042", status="in production"),
        SendOrderReminder(**to, order_id="1042", order_number="IN-1042", action="approve the sample", due_on=today),
        SendWelcomeEmail(**to),
    ]


def _mails_and_texts(to: _To, today: date) -> list[Notice]:
    soon = today + timedelta(days=4)
    order: Any = {**to, "order_id": "1042", "order_number": "IN-1042"}
    return [
        SendOrderConfirmation(
            **order, total=_PRICE, lines=[OrderLine(name="Groundnut oil, 5 l", quantity=2)], estimated_delivery_on=soon
        ),
        SendOrderShipped(**order, carrier="Delhivery", tracking_number="DL1234567890", estimated_delivery_on=soon),
        SendPaymentFailed(**to, payment_id="pay_1042", order_id="1042", amount=_PRICE, failure="the card has expired"),
        SendSubscriptionRenewalReminder(
            **to,
            subscription_id="sub_77",
            plan_name="Daily milk, 1 l",
            amount=_PRICE,
            renews_at=datetime.now(UTC) + timedelta(days=1),
        ),
        SendInvoiceOverdue(
            **to,
            invoice_id="inv_42",
            invoice_number="26-27/INV-000042",
            amount_due=_PRICE,
            due_on=today - timedelta(days=3),
            days_overdue=3,
        ),
    ]


def _renewal(chapter: Chapter, today: date) -> SendPaymentReminderSms:
    return SendPaymentReminderSms(
        to_person=chapter.cast.customer("latha"),
        organization_id=chapter.cast.organizations[AMAZON],
        subscription_id="sub_78",
        plan_name="Fibre 100",
        amount=Money(amount_minor=79_900, currency="INR"),
        expires_on=today + timedelta(days=5),
        days_left=5,
    )


async def _tell_driver(chapter: Chapter) -> None:
    """Of a trip, in the app and by SMS; then by whatever a template has a part for."""
    to = _To(to_person=chapter.cast.driver, organization_id=chapter.cast.organizations[PLAIN])
    trip: Any = {"trip_id": "T2041", "trip_number": "T-2041", "pickup": "City Hospital, gate 2", "dropoff": "Dialysis Centre"}
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=4)
    assigned = await chapter.send(SendTripAssignmentNotification(**to, **trip, pickup_at=at))
    again = {**trip, "trip_id": "T2042", "trip_number": "T-2042", "pickup_at": at.isoformat()}
    told = await chapter.send(SendNotification(**to, notification_type="trip_assignment", context=dict(again), category="trips"))
    await chapter.ends(assigned, "in the app and an SMS", "in_app sent", _SMS)
    await chapter.ends(told, "over each channel that the template has a part for", "in_app sent", _MAIL, _SMS)
    inbox = await read(chapter.world.api, f"/v1/people/{chapter.cast.driver}/in-app")
    chapter.check(
        "send_trip_assignment_notification: both trips stand in the driver's inbox",
        sorted(item["title"] for item in inbox["items"]),
        ["New trip T-2041", "New trip T-2042"],
        "2 items",
    )
