"""Drivers as the database holds them; see the migration for what each column says."""

from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

DriverStatus = Literal["active", "suspended", "left"]
Works = Literal["always", "shifts"]

ERASED_NAME: Final = "Erased driver"
REFERENCE: Final = "trips.driver:{}"


class Driver(Model):
    """Somebody who drives. What is written of them raises `version`, which other services are told of."""

    __tablename__ = "drivers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    name: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    locale: Mapped[str]
    time_zone: Mapped[str]
    licence_number: Mapped[str | None]
    licence_classes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    licence_expires_on: Mapped[date | None]
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    usual_vehicle_id: Mapped[UUID | None]
    works: Mapped[Works] = mapped_column(Text)
    status: Mapped[DriverStatus] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


def reference_of(driver_id: UUID) -> str:
    """As other services name the driver."""
    return REFERENCE.format(driver_id)
