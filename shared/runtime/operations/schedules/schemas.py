"""Schedule entries as operators see them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.runtime.operations.schemas import Why


class ScheduleView(BaseModel):
    """One entry of the service's schedules.py, and what operators changed."""

    name: str
    message: str = Field(description="The name of what it sends.")
    crontab: str = Field(description="In effect.")
    code_crontab: str = Field(description="The code's own.")
    timezone: str
    catch_up: str = Field(description="What happens to slots missed while no scheduler ran: skip, last or all.")
    paused: bool
    last_slot: datetime | None = Field(description="The newest slot that was fired, skipped or reported.")
    last_fired_at: datetime | None
    next_slot: datetime | None = Field(description="Null while it is paused.")
    missed: int = Field(description="Slots passed over: by the catch-up policy, or while it was paused.")
    updated_at: datetime | None
    updated_by: str | None = Field(description="Who changed it last.")


class ScheduleList(BaseModel):
    """All entries of the service, by name."""

    items: list[ScheduleView]


class ScheduleEdit(Why):
    """Other times for an entry."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "month end", "crontab": "*/5 * * * *"}]})

    crontab: str | None = Field(max_length=100, description="Five fields, in the entry's time zone; null for the code's own.")


class Fired(BaseModel):
    """What was sent by hand."""

    message_id: UUID
    slot: datetime = Field(description="The slot time that the message carries.")
