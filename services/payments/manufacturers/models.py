"""Manufacturers as the database holds them: who they are, what they can make, and how it went so far."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.runtime.db import Model

CapacityPeriod = Literal["day", "week"]

MAX_ACTOR: Final = 200
"""How much of a caller's name is kept."""

FULL_BP: Final = 10_000
_TAKEN_DELIVERIES: Final = 5
_TAKEN_ON_TIME: Final = 4
_TAKEN_UNITS: Final = 100
_TAKEN_GOOD: Final = 95


class Capability(Model):
    """What a manufacturer can make. capacity_units: in each day or week. unit_price_minor: in minor units of `currency`."""

    __tablename__ = "manufacturer_capabilities"

    manufacturer_id: Mapped[UUID] = mapped_column(ForeignKey("manufacturers.id"), primary_key=True)
    capability: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    minimum_quantity: Mapped[int]
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    lead_time_days: Mapped[int]
    capacity_units: Mapped[int]
    capacity_period: Mapped[CapacityPeriod] = mapped_column(Text)


class ManufacturerRecord(Model):
    """What deliveries have shown, written with each of them."""

    __tablename__ = "manufacturer_records"

    manufacturer_id: Mapped[UUID] = mapped_column(ForeignKey("manufacturers.id"), primary_key=True)
    deliveries: Mapped[int] = mapped_column(BigInteger)
    on_time: Mapped[int] = mapped_column(BigInteger)
    units: Mapped[int] = mapped_column(BigInteger)
    rejected: Mapped[int] = mapped_column(BigInteger)


class Manufacturer(Model):
    """A manufacturer of an organization. latitude, longitude: in degrees. serves: GST codes of states; None for everywhere."""

    __tablename__ = "manufacturers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    code: Mapped[str]
    name: Mapped[str]
    email: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    serves: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    active: Mapped[bool]
    blocked_reason: Mapped[str | None]
    blocked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    blocked_by: Mapped[str | None]
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    capabilities: Mapped[list[Capability]] = relationship(lazy="raise", order_by=Capability.capability, viewonly=True)
    record: Mapped[ManufacturerRecord | None] = relationship(lazy="raise", viewonly=True)


def quality_bp(units: int, rejected: int) -> int:
    """The share of units that were good, as though there had been 100 before of which 95 were: a newcomer gets a chance."""
    return FULL_BP * (units - rejected + _TAKEN_GOOD) // (units + _TAKEN_UNITS)


def on_time_bp(deliveries: int, on_time: int) -> int:
    """The share of deliveries that came by the promised day, as though there had been five before of which four did."""
    return FULL_BP * (on_time + _TAKEN_ON_TIME) // (deliveries + _TAKEN_DELIVERIES)


@dataclass(frozen=True, slots=True)
class CapabilityFacts:
    """What a request or a row of a file says of a capability, checked."""

    capability: str
    minimum_quantity: int
    unit_price_minor: int
    currency: str
    lead_time_days: int
    capacity_units: int
    capacity_period: CapacityPeriod


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """A day or week of which something is reserved."""

    capability: str
    starts_on: date
    capacity_units: int
    reserved_units: int
