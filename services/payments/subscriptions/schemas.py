"""Shapes of the subscriptions API."""

from datetime import date, datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.customers.contact_facts import TimeZone
from services.payments.customers.schemas import Address, StateCode
from services.payments.days import Day
from services.payments.plans.schemas import Quantity
from services.payments.subscriptions.models import PeriodStatus, SubscriptionStatus
from services.payments.texts import Reason, ShortText

When = Literal["now", "next_period"]


class DeliveryIn(BaseModel):
    """Where deliveries go, and what the state of supply is. Both are taken from the customer where neither is said; the state is
    said with an address in India, for the tax depends on it."""

    model_config = ConfigDict(extra="forbid")

    address: Address | None = None
    state_code: StateCode | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)

    def values(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(mode="json", exclude_none=True)


class SubscriptionIn(BaseModel):
    """A subscription to begin today. Without a stored payment method the customer pays each period themselves."""

    model_config = ConfigDict(extra="forbid")

    customer_id: UUID
    plan_id: UUID
    quantity: Quantity = 1
    anchor_day: int | None = Field(
        default=None, strict=True, ge=1, le=31, description="Periods begin on this day of the month; null: on the first day."
    )
    time_zone: TimeZone | None = Field(default=None, description="Whose days count; null: the customer's.")
    trial_days: int | None = Field(default=None, strict=True, ge=0, le=730, description="Null: the plan's.")
    ends_on: Day | None = Field(default=None, description="No period begins on or after this day.")
    payment_method_id: UUID | None = None
    delivery: DeliveryIn | None = None
    delivery_slot: ShortText | None = Field(default=None, examples=["07:00-09:00"])


class SubscriptionChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"delivery_slot": "07:00-09:00"}]})

    payment_method_id: UUID | None = Field(default_factory=lambda: None)
    delivery: DeliveryIn | None = Field(default_factory=lambda: None)
    delivery_slot: ShortText | None = Field(default_factory=lambda: None)
    ends_on: Day | None = Field(default_factory=lambda: None)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if self.delivery is not None:
            sent["delivery"] = self.delivery.values()
        return sent


class PauseIn(BaseModel):
    """resumes_on: the day on which it goes on by itself; null: when somebody says so. It ends in its pause where it is to end."""

    model_config = ConfigDict(extra="forbid")

    resumes_on: Day | None = None
    reason: Reason | None = None


class CancelIn(BaseModel):
    """at: `period_end` lets what is paid for go on until it is over; of a paused one that may be today."""

    model_config = ConfigDict(extra="forbid")

    at: Literal["now", "period_end"] = "period_end"
    reason: Reason | None = None


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None


class PlanChangeIn(BaseModel):
    """Another plan, another quantity, or both. `now` charges and credits the days that are left of the period."""

    model_config = ConfigDict(extra="forbid")

    plan_id: UUID | None = Field(default=None, description="At its newest terms; null: the terms that it has.")
    quantity: Quantity | None = None
    when: When = "now"
    reason: Reason | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.plan_id is None and self.quantity is None:
            raise ValueError("send plan_id, quantity or both")
        return self


class SubscriptionOut(BaseModel):
    """A subscription as it is now. next_period_start: the first day that is not billed yet."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    customer_id: UUID
    plan_version_id: UUID
    quantity: int
    status: SubscriptionStatus
    time_zone: str
    anchor: date = Field(description="From which its periods are counted.")
    started_on: date
    trial_ends_on: date | None
    next_period_start: date
    next_bill_at: datetime | None
    payment_method_id: UUID | None
    delivery: dict[str, Any] | None
    delivery_slot: str | None
    ends_at_period_end: bool = Field(description="It ends on next_period_start instead of being billed, paused or not.")
    ends_on: date | None = Field(description="No period begins on or after this day, and no pause outlasts it.")
    next_plan_version_id: UUID | None
    next_quantity: int | None
    paused_on: date | None
    resumes_at: datetime | None
    held_reason: str | None = Field(description="Why its billing waits for a person.")
    access_until: datetime | None = Field(description="Grace while it is past due.")
    cancelled_at: datetime | None
    cancel_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class LineOut(BaseModel):
    """A line of a period, before tax."""

    model_config = ConfigDict(from_attributes=True)

    sku: str | None
    name: str
    hsn_sac: str
    quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_rate_bp: int


class PeriodOut(BaseModel):
    """What was billed for some days: from start_on to before end_on, in the subscription's zone."""

    model_config = ConfigDict(from_attributes=True)

    start_on: date
    end_on: date
    quantity: int
    status: PeriodStatus
    reason: str | None
    currency: str
    lines: list[LineOut]
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int
    order_id: UUID | None
    payment_id: UUID | None
    billed_at: datetime
    paid_at: datetime | None


class UpcomingOut(BaseModel):
    """What the next period will come to, as things stand."""

    start_on: date
    end_on: date
    bill_at: datetime
    currency: str
    lines: list[LineOut]
    taxable_minor: int
    tax_minor: int
    round_off_minor: int
    total_minor: int


class SkipsOut(BaseModel):
    """The first days of deliveries that are left out, and those of the next periods."""

    skipped: list[date]
    next_starts_on: list[date]


class ChangeOut(BaseModel):
    """What happened to a subscription. number: the version that it led to."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    from_status: SubscriptionStatus | None
    to_status: SubscriptionStatus
    actor: str
    reason: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    at: datetime


class WouldBill(BaseModel):
    """A period that would be billed. is_charged: with a stored method; fault: why it could not be."""

    subscription_id: UUID
    start_on: date
    end_on: date
    currency: str
    total_minor: int
    is_charged: bool
    fault: str | None


class HeldOut(BaseModel):
    """A subscription whose billing would wait for a person."""

    subscription_id: UUID
    reason: str


class DryRunTotal(BaseModel):
    """What billing would come to in a currency. charged: with stored methods."""

    currency: str
    periods: int
    charged: int
    total_minor: int
    charged_minor: int
    deliveries: int


class DryRunOut(BaseModel):
    """What billing would do. complete: false where there are more subscriptions than one request looks at."""

    at: datetime
    subscriptions: int
    complete: bool
    totals: list[DryRunTotal]
    bills: list[WouldBill] = Field(description="The first 200.")
    held: list[HeldOut] = Field(description="The first 200.")
