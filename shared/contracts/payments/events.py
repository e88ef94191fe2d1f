"""What is told of orders, payments, invoices and subscriptions."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Contract, Event, UtcDatetime
from shared.contracts.money import Money


class InvoiceIssued(Event):
    """An invoice has its number. What it was issued for is named by one of order, subscription with period, and trip, or none.

    Payments' own lane renders the PDF, and mails it to the customer once it is there; trips ends the completion of the trip;
    analytics counts it.
    """

    contract: ClassVar = Contract(
        "payments.invoice_issued", (lanes.PAYMENTS_BATCH, lanes.TRIPS_NORMAL, lanes.ANALYTICS_NORMAL), max_batch=20
    )

    invoice_id: UUID
    organization_id: UUID
    number: str = Field(min_length=1, max_length=16)
    total: Money
    issued_at: UtcDatetime
    order_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: date | None = None
    trip_id: UUID | None = None


class OrderPlaced(Event):
    """An order stands. lines: how many it has. subscription_id: whose period it delivers."""

    contract: ClassVar = Contract("payments.order_placed", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    order_id: UUID
    organization_id: UUID
    customer_id: UUID
    total: Money
    lines: int = Field(ge=1, le=10_000)
    placed_at: UtcDatetime
    subscription_id: UUID | None = None


class OrderCancelled(Event):
    """Nothing of an order is delivered, nor will be. total: what it came to when it was placed."""

    contract: ClassVar = Contract("payments.order_cancelled", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    order_id: UUID
    organization_id: UUID
    customer_id: UUID
    total: Money
    cancelled_at: UtcDatetime


class PaymentCaptured(Event):
    """Money of a payment has come in.

    amount: by how much. captured_minor: what has come of this payment altogether, which no two events of it share. gateway:
    `offline` where a person has counted it.
    """

    contract: ClassVar = Contract("payments.payment_captured", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    payment_id: UUID
    organization_id: UUID
    customer_id: UUID | None = None
    order_id: UUID | None = None
    amount: Money
    captured_minor: int = Field(ge=1)
    gateway: str = Field(max_length=50)
    captured_at: UtcDatetime


class PaymentFailed(Event):
    """A try of a payment has failed. tries: how many have by now. kind: whether it may heal, as payments says of declines."""

    contract: ClassVar = Contract("payments.payment_failed", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    payment_id: UUID
    organization_id: UUID
    customer_id: UUID | None = None
    amount: Money
    tries: int = Field(ge=0)
    kind: str | None = Field(default=None, max_length=50)
    failed_at: UtcDatetime


class RefundMade(Event):
    """Money of a payment has gone back. refunded_minor: what has gone back altogether, which no two events of it share."""

    contract: ClassVar = Contract("payments.refund_made", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    payment_id: UUID
    organization_id: UUID
    customer_id: UUID | None = None
    amount: Money
    refunded_minor: int = Field(ge=1)
    made_at: UtcDatetime


class SubscriptionStarted(Event):
    """A customer has subscribed. on_trial: its first period is not billed yet."""

    contract: ClassVar = Contract("payments.subscription_started", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    subscription_id: UUID
    organization_id: UUID
    customer_id: UUID
    on_trial: bool = False
    started_at: UtcDatetime


class SubscriptionRenewed(Event):
    """A period of a subscription is paid, the first one as well."""

    contract: ClassVar = Contract("payments.subscription_renewed", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    subscription_id: UUID
    organization_id: UUID
    customer_id: UUID
    period_start: date
    total: Money
    paid_at: UtcDatetime


class SubscriptionEnded(Event):
    """A subscription is over: somebody has cancelled it, or its last period is."""

    contract: ClassVar = Contract("payments.subscription_ended", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    subscription_id: UUID
    organization_id: UUID
    customer_id: UUID
    status: Literal["cancelled", "ended"]
    ended_at: UtcDatetime
