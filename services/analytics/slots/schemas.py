"""Schedules of all services."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.runtime.operations.schedules.schemas import ScheduleView


class ScheduleOut(ScheduleView):
    """One entry of one service."""

    service: str
    late_s: float | None = Field(
        description="How long its oldest slot is overdue that has neither fired nor been counted as missed; null when none is."
    )
    late_slots: int = Field(description="How many such slots there are.")


class SilentService(BaseModel):
    """A service that does not answer: its entries are not known."""

    service: str
    problem: str
    last_at: datetime | None = Field(description="When it last told its entries; `items` shows those.")


class SchedulesOut(BaseModel):
    """Every entry, those that are late first."""

    at: datetime
    missed: int = Field(description="Slots that were passed over, of all entries.")
    late: int = Field(description="Entries with a slot that is overdue.")
    unknown: list[SilentService]
    items: list[ScheduleOut]
