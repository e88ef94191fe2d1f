"""Offers as the database holds them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.runtime.db import Model

OfferStatus = Literal["open", "accepted", "declined", "expired", "withdrawn"]


class OfferLine(Model):
    """A line of an order that a manufacturer is asked for. live: while the offer is open or accepted."""

    __tablename__ = "match_offer_lines"

    offer_id: Mapped[UUID] = mapped_column(ForeignKey("match_offers.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    manufacturer_id: Mapped[UUID]
    round: Mapped[int]
    capability: Mapped[str]
    quantity: Mapped[int]
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    delivered_quantity: Mapped[int]
    live: Mapped[bool]


class Offer(Model):
    """What a manufacturer is asked to make of an order. ready_on: the day that it promises with its answer.

    accepted_at: None unless it was. ended_at: when it was declined, has expired or was withdrawn.
    """

    __tablename__ = "match_offers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    order_id: Mapped[UUID]
    manufacturer_id: Mapped[UUID]
    run_id: Mapped[UUID]
    round: Mapped[int]
    status: Mapped[OfferStatus] = mapped_column(Text)
    currency: Mapped[str]
    total_minor: Mapped[int] = mapped_column(BigInteger)
    ready_on: Mapped[date]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_by: Mapped[str | None]
    reason: Mapped[str | None]
    lines: Mapped[list[OfferLine]] = relationship(lazy="raise", order_by=OfferLine.line_number, viewonly=True)


class Delivery(Model):
    """A delivery of units of one line. Never changed. payable_minor: what is owed for the good ones."""

    __tablename__ = "manufacturer_deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    manufacturer_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    line_number: Mapped[int]
    delivered_on: Mapped[date]
    quantity: Mapped[int]
    rejected: Mapped[int]
    on_time: Mapped[bool]
    payable_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class NewOfferLine:
    """A line to be offered. taken: units by the first day of the period in which they are reserved."""

    line_number: int
    capability: str
    quantity: int
    unit_price_minor: int
    taken: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer to be made. token: opens it for the manufacturer; only its hash is kept."""

    id: UUID
    organization_id: UUID
    order_id: UUID
    manufacturer_id: UUID
    run_id: UUID
    round: int
    currency: str
    ready_on: date
    expires_at: datetime
    created_at: datetime
    token: str
    lines: tuple[NewOfferLine, ...]

    @property
    def total_minor(self) -> int:
        """Of all lines."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """An offer that has just ended. was_accepted: its manufacturer was making it."""

    id: UUID
    organization_id: UUID
    order_id: UUID
    manufacturer_id: UUID
    was_accepted: bool


@dataclass(frozen=True, slots=True)
class Answerable:
    """An offer as it stands, for whoever answers it. is_blocked: whether nobody may order from its manufacturer."""

    id: UUID
    order_id: UUID
    status: OfferStatus
    expires_at: datetime
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery to be written."""

    id: UUID
    organization_id: UUID
    manufacturer_id: UUID
    offer_id: UUID
    line_number: int
    delivered_on: date
    quantity: int
    rejected: int
    on_time: bool
    payable_minor: int
    currency: str
    recorded_at: datetime
    recorded_by: str
