"""In-app inboxes on the wire."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_ITEM: Final[dict[str, Any]] = {
    "id": "019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "seq": 41,
    "category": "trips",
    "title": "Trip T-2041 is yours",
    "body": "Pick-up at 9:30 at Bhiwandi Warehouse.",
    "link": "https://app.example.com/trips/2041",
    "created_at": "2026-11-21T03:10:00.120000Z",
    "read_at": None,
    "archived_at": None,
}
_COUNTS: Final[dict[str, Any]] = {"unread": 3, "items": 17, "archived": 4, "last_seq": 45}


class InAppItemOut(BaseModel):
    """One item of an inbox."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ITEM]})

    id: UUID
    seq: int = Field(description="Its place in the inbox; the next item's is higher.")
    category: str
    title: str
    body: str
    link: str | None
    created_at: datetime
    read_at: datetime | None
    archived_at: datetime | None


class InAppCounts(BaseModel):
    """How many items an inbox has."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_COUNTS]})

    unread: int = Field(description="Neither read nor archived.")
    items: int = Field(description="Not archived.")
    archived: int
    last_seq: int = Field(description="The number of the newest change: where a stream goes on that misses nothing.")


class ReadAll(BaseModel):
    """What is to be marked as read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"through": 41}]})

    through: int | None = Field(
        default=None,
        ge=0,
        le=2**63 - 1,
        strict=True,
        description="The highest `seq` that was shown; what came later stays unread.",
    )
