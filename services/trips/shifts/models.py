"""Shifts as the database holds them; see the migration for what each column says."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

ShiftKind = Literal["duty", "absence"]


class Shift(Model):
    """When a driver is on duty, or away. Two of the same kind never overlap."""

    __tablename__ = "driver_shifts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    driver_id: Mapped[UUID] = mapped_column(ForeignKey("drivers.id"))
    kind: Mapped[ShiftKind] = mapped_column(Text)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]

    @property
    def starts_at(self) -> datetime:
        """The first moment."""
        assert self.during.lower is not None, "the table refuses a shift without a beginning"
        return self.during.lower

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        assert self.during.upper is not None, "the API refuses a shift without an end"
        return self.during.upper
