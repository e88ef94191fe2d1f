"""What other services tell people, each a message of its own: facts in, and notifications decides over which channels.

Every notice goes to `to_person`, the reference of a person whom notifications knows, or to an address, a number, or both. One of
them that is none fails its own channel, and keeps nobody from the message over the other.
`context` adds to what the template gets, and may not replace a field. Links are built by notifications from its settings.
"""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, Send, UtcDatetime
from shared.contracts.money import Money
from shared.contracts.notifications.fields import NAME, Category, Locale, Reference
from shared.contracts.retry import RetryPolicy

_LANES = (lanes.NOTIFICATIONS_NORMAL, lanes.NOTIFICATIONS_URGENT, lanes.NOTIFICATIONS_BULK)
_RETRY = RetryPolicy(max_retries=3, base_s=30, cap_s=600)
_ID = r"^[^\x00-\x20]+$"


def _contract(name: str) -> Contract:
    return Contract(f"notifications.{name}", _LANES, _RETRY, max_batch=100)


class Notice(Send):
    """Whom a notice goes to, and for whom it is sent."""

    to_person: Reference | None = None
    to_email: str | None = Field(default=None, max_length=1000)
    to_phone: str | None = Field(default=None, max_length=1000)
    to_name: str | None = Field(default=None, max_length=200)
    locale: Locale | None = None
    organization_id: UUID | None = None
    requester: Reference | None = None
    dedupe_key: str | None = Field(default=None, min_length=1, max_length=200)
    context: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.to_person is None and self.to_email is None and self.to_phone is None:
            raise ValueError("name to_person, or to_email, to_phone or both")
        return self


class OrderLine(BaseModel):
    """One position of an order, as the customer reads it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(min_length=1, max_length=200)
    quantity: int = Field(ge=1)
    amount: Money | None = None


class SendOrderConfirmation(Notice):
    """Confirm an order, by e-mail and SMS."""

    contract: ClassVar = _contract("send_order_confirmation")

    order_id: str = Field(max_length=100, pattern=_ID)
    order_number: str = Field(min_length=1, max_length=100)
    total: Money
    lines: list[OrderLine] = Field(default_factory=list, max_length=200)
    estimated_delivery_on: date | None = None


class SendOrderShipped(Notice):
    """Say that an order is on its way, by e-mail and SMS. tracking_url: the carrier's page."""

    contract: ClassVar = _contract("send_order_shipped")

    order_id: str = Field(max_length=100, pattern=_ID)
    order_number: str = Field(min_length=1, max_length=100)
    carrier: str | None = Field(default=None, max_length=100)
    tracking_number: str | None = Field(default=None, max_length=100)
    tracking_url: str | None = Field(default=None, max_length=500, pattern=r"^https://[^\s\x00-\x1f]+$")
    estimated_delivery_on: date | None = None


class SendOrderStatus(Notice):
    """Say how an order stands now, by e-mail. status: as the customer reads it, such as `in production`."""

    contract: ClassVar = _contract("send_order_status")

    order_id: str = Field(max_length=100, pattern=_ID)
    order_number: str = Field(min_length=1, max_length=100)
    status: str = Field(min_length=1, max_length=100)
    note: str | None = Field(default=None, max_length=1000)


class SendOrderReminder(Notice):
    """Remind somebody of what an order waits for, by e-mail. action: what is to be done, such as `approve the sample`."""

    contract: ClassVar = _contract("send_order_reminder")

    order_id: str = Field(max_length=100, pattern=_ID)
    order_number: str = Field(min_length=1, max_length=100)
    action: str = Field(min_length=1, max_length=300)
    due_on: date | None = None


class SendPaymentFailed(Notice):
    """Say that a payment has failed and what to do, by e-mail and SMS.

    failure: the reason as the customer reads it, such as `the card has expired`. next_attempt_at: when it is tried again.
    """

    contract: ClassVar = _contract("send_payment_failed")

    payment_id: str = Field(max_length=100, pattern=_ID)
    order_id: str | None = Field(default=None, max_length=100, pattern=_ID)
    amount: Money
    failure: str | None = Field(default=None, max_length=300)
    next_attempt_at: UtcDatetime | None = None


class SendSubscriptionRenewalReminder(Notice):
    """Say that a subscription will be charged, by e-mail and SMS; the owner sends it 24 hours before the charge."""

    contract: ClassVar = _contract("send_subscription_renewal_reminder")

    subscription_id: str = Field(max_length=100, pattern=_ID)
    plan_name: str = Field(min_length=1, max_length=200)
    amount: Money
    renews_at: UtcDatetime


class SendPaymentReminderSms(Notice):
    """Remind a customer by SMS that what was paid for ends soon, in the organization's own words where it has some.

    days_left: 5, 3 or 1, or what the owner of the due date says.
    """

    contract: ClassVar = _contract("send_payment_reminder_sms")

    subscription_id: str = Field(max_length=100, pattern=_ID)
    plan_name: str = Field(min_length=1, max_length=200)
    amount: Money
    expires_on: date
    days_left: int = Field(ge=0, le=366)


class SendInvoiceEmail(Notice):
    """Send an invoice by e-mail, with its PDF, which is fetched from payments when the mail goes out."""

    contract: ClassVar = _contract("send_invoice_email")

    invoice_id: str = Field(max_length=100, pattern=_ID)
    invoice_number: str = Field(min_length=1, max_length=100)
    total: Money
    issued_on: date
    due_on: date | None = None


class SendInvoiceOverdue(Notice):
    """Say that an invoice is overdue, by e-mail and SMS."""

    contract: ClassVar = _contract("send_invoice_overdue")

    invoice_id: str = Field(max_length=100, pattern=_ID)
    invoice_number: str = Field(min_length=1, max_length=100)
    amount_due: Money
    due_on: date
    days_overdue: int = Field(ge=0)


class SendWelcomeEmail(Notice):
    """Welcome somebody, by e-mail."""

    contract: ClassVar = _contract("send_welcome_email")


class SendTripAssignmentNotification(Notice):
    """Tell a driver of a trip, in the app and by SMS. What it says of places is a label and no address."""

    contract: ClassVar = _contract("send_trip_assignment_notification")

    trip_id: str = Field(max_length=100, pattern=_ID)
    trip_number: str = Field(min_length=1, max_length=100)
    pickup_at: UtcDatetime
    pickup: str = Field(min_length=1, max_length=300)
    dropoff: str = Field(min_length=1, max_length=300)


class SendNotification(Send):
    """Tell a person something over the channels that the person wants.

    notification_type: the template, which has a part for each channel that it can be told over.
    channels: which of them at most.
    """

    contract: ClassVar = Contract("notifications.send_notification", _LANES, _RETRY, max_batch=100)

    to_person: Reference
    notification_type: str = Field(max_length=100, pattern=NAME)
    context: dict[str, JsonValue] = Field(default_factory=dict)
    channels: list[Literal["email", "sms", "in_app"]] | None = Field(default=None, min_length=1, max_length=3)
    category: Category = "general"
    locale: Locale | None = None
    organization_id: UUID | None = None
    requester: Reference | None = None
    dedupe_key: str | None = Field(default=None, min_length=1, max_length=200)


class SendDailyDigest(Command):
    """Send a person the day's digest, with a trip summary that is read from trips; nothing where there is nothing to say.

    digest_on: the person's local day that the digest sums up on its morning.
    """

    contract: ClassVar = Contract("notifications.send_daily_digest", (lanes.NOTIFICATIONS_BULK,), _RETRY, max_batch=50)

    to_person: Reference
    digest_on: date


class SendHourlyDigest(Command):
    """Tell a person in one mail of what was collected since the first message of an hour; nothing where that was done before.

    window_id: which collection; None for the one that is under way, which then ends early.
    """

    contract: ClassVar = Contract("notifications.send_hourly_digest", (lanes.NOTIFICATIONS_BULK,), _RETRY, max_batch=50)

    to_person: Reference
    window_id: UUID | None = None
