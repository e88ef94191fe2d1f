"""The tables of deliveries and their attempts; see migrations 0002, 0005, 0006, 0016 and 0023 for what each column says."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.notifications.sms.price_models import Price
from shared.runtime.db import Model


class DeliveryStatus(StrEnum):
    """queued: waits for its first or next attempt. sending: an attempt is under way. The others are final; a failed one
    goes back to sending when its dead letter is replayed. What was cancelled is dropped, and has a time in cancelled_at."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Delivery(Model):
    """One message to one recipient."""

    __tablename__ = "deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    channel: Mapped[str]
    to_address: Mapped[str | None]
    to_person: Mapped[str | None]
    subject: Mapped[str | None]
    template_name: Mapped[str | None]
    template_version: Mapped[int | None]
    template_versions: Mapped[list[Any] | None] = mapped_column(JSONB)
    requester: Mapped[str | None]
    subject_key: Mapped[str | None]
    status: Mapped[str]
    unsent: Mapped[str | None]
    message_id_header: Mapped[str | None]
    retries: Mapped[int]
    attempts: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None]
    category: Mapped[str]
    address_hash: Mapped[str | None]
    dedupe_key: Mapped[str | None]
    notice_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    held_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    waits_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    provider: Mapped[str | None]
    awaits_report: Mapped[bool]
    segments: Mapped[int | None]
    receipt: Mapped[str | None]
    receipt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    timeline: Mapped[list["DeliveryAttempt"]] = relationship(lazy="raise", order_by="DeliveryAttempt.number")
    events: Mapped[list["DeliveryEvent"]] = relationship(lazy="raise", order_by="DeliveryEvent.occurred_at, DeliveryEvent.id")
    attempt_costs: Mapped[list["AttemptCost"]] = relationship(
        lazy="raise", viewonly=True, primaryjoin="Delivery.id == foreign(AttemptCost.delivery_id)"
    )

    @property
    def estimated_costs(self) -> list[Price]:
        """What its attempts should cost together, by currency."""
        return _sums(one.estimated for one in self.attempt_costs)

    @property
    def costs(self) -> list[Price]:
        """What they cost by what providers have told, by currency."""
        return _sums(one.told for one in self.attempt_costs)


class DeliveryAttempt(Model):
    """One call of a provider."""

    __tablename__ = "delivery_attempts"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None]
    code: Mapped[int | None]
    enhanced_code: Mapped[str | None]
    detail: Mapped[str | None]
    latency_ms: Mapped[int | None]
    provider_message_id: Mapped[str | None]

    attempt_cost: Mapped["AttemptCost | None"] = relationship(lazy="raise", viewonly=True)

    @property
    def estimated_cost(self) -> Price | None:
        """What it should cost, where that is known."""
        return self.attempt_cost.estimated if self.attempt_cost is not None else None

    @property
    def cost(self) -> Price | None:
        """What the provider has told."""
        return self.attempt_cost.told if self.attempt_cost is not None else None


class AttemptCost(Model):
    """What one attempt at an SMS costs. Written by the statements of `costs/repository.py` alone."""

    __tablename__ = "attempt_costs"
    __table_args__ = (
        ForeignKeyConstraint(["delivery_id", "number"], ["delivery_attempts.delivery_id", "delivery_attempts.number"]),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    estimate: Mapped[Decimal | None]
    estimate_currency: Mapped[str | None]
    price: Mapped[Decimal | None]
    price_currency: Mapped[str | None]

    @property
    def estimated(self) -> Price | None:
        """By the price list, as it was when it was sent."""
        return _price(self.estimate, self.estimate_currency)

    @property
    def told(self) -> Price | None:
        """By its provider."""
        return _price(self.price, self.price_currency)


class DeliveryEvent(Model):
    """What happened to a delivery besides its attempts: a provider's report, or what a gate has decided."""

    __tablename__ = "delivery_events"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("deliveries.id"))
    kind: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    provider: Mapped[str | None]
    code: Mapped[str | None]
    detail: Mapped[str | None]


def _price(amount: Decimal | None, currency: str | None) -> Price | None:
    return Price(amount, currency) if amount is not None and currency is not None else None


def _sums(prices: Iterable[Price | None]) -> list[Price]:
    sums: dict[str, Decimal] = {}
    for one in prices:
        if one is not None:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount
    return [Price(amount, currency) for currency, amount in sorted(sums.items())]
