"""Shapes of the flags API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.trips.flags.models import SILENT_AFTER_S, STOP_AFTER_S, STOP_RADIUS_M
from services.trips.texts import Name, Reference


class FlagOut(BaseModel):
    """Something about a trip that needs somebody."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    trip_id: UUID
    organization_id: UUID
    kind: str = Field(examples=["over_duration"])
    detail: dict[str, Any] = Field(description="What it was opened by.")
    opened_at: datetime
    escalated_at: datetime | None
    cleared_at: datetime | None = Field(description="Since when it is so no more.")


class LimitIn(BaseModel):
    """How long trips may take."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"trip_type": "dialysis", "max_duration_s": 10_800}]}
    )

    customer: Reference | None = Field(default=None, description="Only those that this customer pays; without it, all.")
    trip_type: Name | None = Field(default=None, description="Only those of this type; without it, all.")
    max_duration_s: int = Field(strict=True, ge=60, le=604_800, description="From setting out to the end.")


class LimitOut(LimitIn):
    """A limit that holds."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    updated_at: datetime
    updated_by: str


class WatchSettingsIn(BaseModel):
    """When vehicles under way need somebody."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"silent_after_s": 300, "stop_after_s": 900}]})

    silent_after_s: int = Field(
        default=SILENT_AFTER_S, strict=True, ge=60, le=86_400, description="For how long a vehicle's devices may say nothing new."
    )
    stop_after_s: int = Field(
        default=STOP_AFTER_S, strict=True, ge=60, le=86_400, description="For how long a vehicle may stand on its way."
    )
    stop_radius_m: int = Field(
        default=STOP_RADIUS_M,
        strict=True,
        ge=20,
        le=2000,
        description="Within how many metres it stands, for receivers are not exact.",
    )


class WatchSettingsOut(WatchSettingsIn):
    """The settings that count now."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    updated_at: datetime | None = Field(description="Null where nobody has written any.")
    updated_by: str | None
