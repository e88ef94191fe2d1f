"""Subscriptions as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

SubscriptionStatus = Literal["trialing", "active", "past_due", "paused", "unpaid", "cancelled", "ended"]
PeriodStatus = Literal["open", "paid", "past_due", "unpaid", "void", "skipped"]
BILLED: Final[frozenset[SubscriptionStatus]] = frozenset({"trialing", "active"})
"""Whose next period is billed when its day comes. One that is past due waits until what is owed is paid."""
OWED: Final[frozenset[PeriodStatus]] = frozenset({"open", "past_due", "unpaid"})
OVER: Final[frozenset[SubscriptionStatus]] = frozenset({"cancelled", "ended"})
UNTAXED: Final = frozenset({"untaxed", "export_with_lut", "sez_with_lut"})
"""The kinds of supply for which no tax is charged."""
SYSTEM: Final = "system:payments"


class Subscription(Model):
    """A plan that a customer has taken. The database writes each change under its version."""

    __tablename__ = "subscriptions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    plan_version_id: Mapped[UUID] = mapped_column(ForeignKey("plan_versions.id"))
    quantity: Mapped[int]
    status: Mapped[SubscriptionStatus] = mapped_column(Text)
    time_zone: Mapped[str]
    anchor: Mapped[date]
    started_on: Mapped[date]
    trial_ends_on: Mapped[date | None]
    next_period_start: Mapped[date]
    next_bill_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    payment_method_id: Mapped[UUID | None]
    delivery: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    delivery_slot: Mapped[str | None]
    ends_at_period_end: Mapped[bool]
    ends_on: Mapped[date | None]
    next_plan_version_id: Mapped[UUID | None]
    next_quantity: Mapped[int | None]
    paused_on: Mapped[date | None]
    resumes_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    held_reason: Mapped[str | None]
    access_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_by: Mapped[str]
    change_reason: Mapped[str | None]


class SubscriptionChange(Model):
    """What happened to a subscription, by whom and why. `number` is the version that it led to."""

    __tablename__ = "subscription_changes"

    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str | None]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class SubscriptionPeriod(Model):
    """What was billed for some days. start_on, end_on: local days of the subscription's zone, half-open."""

    __tablename__ = "subscription_periods"

    subscription_id: Mapped[UUID] = mapped_column(primary_key=True)
    start_on: Mapped[date] = mapped_column(primary_key=True)
    end_on: Mapped[date]
    organization_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    legal_entity_id: Mapped[UUID]
    plan_version_id: Mapped[UUID]
    quantity: Mapped[int]
    status: Mapped[PeriodStatus] = mapped_column(Text)
    reason: Mapped[str | None]
    currency: Mapped[str]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    place_of_supply: Mapped[str | None]
    supply_kind: Mapped[str]
    taxable_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    round_off_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[UUID | None]
    payment_id: Mapped[UUID | None]
    billed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line of a period, before tax. discount_minor: for the whole line, also for days of which nothing is charged."""

    sku: str | None
    name: str
    hsn_sac: str
    quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_rate_bp: int
    capability: str | None = None

    @property
    def gross_minor(self) -> int:
        """Before the discount."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a change has made due, above nothing, or left unused, below it; before tax, as far as no period has taken it."""

    id: UUID
    description: str
    hsn_sac: str
    tax_rate_bp: int
    open_minor: int
