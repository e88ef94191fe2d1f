"""Shipments as the database holds them, and as a file tells them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Status = Literal["in_transit", "arrived", "customs_hold", "released", "delivered", "cancelled"]

FIRST_ETA: Final = date(2000, 1, 1)
LAST_ETA: Final = date(2099, 12, 31)
"""The bounds of `current_eta`: what lies outside is a slip of the pen."""


class Shipment(Model):
    """One consignment of an organization. Written by the statements of `repository.py` alone.

    watched: whether lateness matters in this status. next_evaluation_on: the day on which it reaches its next step of
    lateness; None when there is none left, or when it is not watched.
    """

    __tablename__ = "shipments"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    customer: Mapped[str]
    reference: Mapped[str]
    carrier: Mapped[str]
    origin: Mapped[str]
    destination: Mapped[str]
    original_eta: Mapped[date]
    current_eta: Mapped[date]
    eta_revision: Mapped[int]
    status: Mapped[Status] = mapped_column(Text)
    watched: Mapped[bool]
    recipient_email: Mapped[str]
    next_evaluation_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class ShipmentFacts:
    """What one row of an import says about a shipment, checked."""

    reference: str
    customer: str
    carrier: str
    origin: str
    destination: str
    current_eta: date
    status: str
    recipient_email: str
