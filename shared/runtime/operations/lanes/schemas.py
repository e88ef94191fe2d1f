"""Lanes as operators see them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.runtime.operations.schemas import Shown, Why


class Pause(Shown):
    """Who paused a lane, and why."""

    reason: str
    paused_by: str
    paused_at: datetime


class LaneSetting(Shown):
    """What somebody has set for a lane, and why."""

    reason: str
    set_by: str
    set_at: datetime


class RateLimit(LaneSetting):
    """How fast this service sends to a lane at most."""

    per_s: float = Field(description="Messages per second.")


class PoolSize(LaneSetting):
    """How many children each worker has that takes from a lane."""

    size: int


class LaneView(BaseModel):
    """One lane as this service sees it. What other services hold for it, they say themselves."""

    lane: str
    owner: str
    rank: int
    paused: Pause | None = Field(description="This service sends nothing to the lane meanwhile.")
    limit: RateLimit | None = Field(None, description="This service sends to the lane no faster.")
    pool: PoolSize | None = Field(None, description="What the lane's workers are held to, at its owner.")
    outbox_waiting: int = Field(description="Due, and not sent yet.")
    outbox_later: int = Field(description="Due at a later moment.")
    outbox_unconfirmed: int = Field(description="Sent, and not confirmed by the consumer yet.")
    outbox_oldest_s: float | None = Field(description="How long the oldest due row has waited; null when none waits.")
    inbox_due: int = Field(description="Retries, leftovers and expired leases that go to the lane now.")
    inbox_waiting: int = Field(description="Retries and parked messages that wait for a later moment.")
    inbox_leased: int = Field(description="Being carried out.")
    in_broker: int | None = Field(description="Deliveries in the broker, each with one message or many; null while it is away.")
    slots: int | None = Field(description="How many deliveries its workers can run at once; null while the broker is away.")


class LaneList(BaseModel):
    """Every lane there is, the service's own first."""

    items: list[LaneView]


class LimitRate(Why):
    """How fast to send at most."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "the provider is slow today", "per_s": 20}]})

    per_s: float | None = Field(ge=0.001, le=100_000, description="Messages per second; null for no limit any more.")


class SizePool(Why):
    """How many children each worker of the lane has."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "invoices of the year", "size": 4}]})

    size: int | None = Field(ge=1, le=64, strict=True, description="Null for as many as each was started with.")


class Purge(Why):
    """Which to take out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "a campaign with the wrong text", "dry_run": True}]})

    dry_run: StrictBool = Field(False, description="Only count.")


class Purged(BaseModel):
    """What a purge took out, or in a dry run would take out."""

    outbox: int
    inbox: int
    left: int = Field(
        description="What waits still. One request takes at most 100,000 rows of each table; repeat it for the rest."
    )
    undo_id: UUID | None = Field(
        description="POST it to /undo/{undo_id} within seven days to take the purge back; null where it took nothing out."
    )
