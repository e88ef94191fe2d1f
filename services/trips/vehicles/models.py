"""Vehicles as the database holds them; see the migration for what each column says."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

VehicleStatus = Literal["in_service", "out_of_service", "retired"]


class Vehicle(Model):
    """Something that carries passengers. seats: beside the driver's."""

    __tablename__ = "vehicles"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    plate: Mapped[str]
    label: Mapped[str | None]
    seats: Mapped[int]
    wheelchair_places: Mapped[int]
    stretchers: Mapped[int]
    bariatric: Mapped[bool]
    equipment: Mapped[list[str]] = mapped_column(ARRAY(Text))
    licence_class: Mapped[str | None]
    status: Mapped[VehicleStatus] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
