"""Workers as people see them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

WorkerState = Literal["up", "busy", "stuck", "down", "stopped"]


class RunningOut(BaseModel):
    """A delivery that a worker has in hand."""

    delivery_id: str
    name: str
    lane: str
    for_s: float = Field(description="How long, by now.")


class DiskOut(BaseModel):
    """A disk on which a worker keeps what must not be lost."""

    mount: str = Field(examples=["/var/backups/waybill"])
    holds: str = Field(description="The settings whose folders are on it.", examples=["BACKUP_DIR"])
    used_share: float = Field(description="From 0 to 1.")
    free_bytes: int


class WorkerOut(BaseModel):
    """One worker."""

    hostname: str = Field(examples=["payments@host"])
    service: str | None
    state: WorkerState = Field(
        description="up: it is heard. busy: and has something in hand. stuck: it is heard, there is work, and it gets nowhere. "
        "down: it is not heard any more. stopped: it said good-bye."
    )
    why: str | None = Field(description="What is wrong, in a sentence; null when nothing is.")
    lanes: list[str]
    slots: int
    running: list[RunningOut]
    load: float | None = Field(description="The share of its slots that is in use; null of one that is not heard.")
    processed: int | None = Field(description="Deliveries since it was started.")
    load_1m: float | None = Field(description="Load average of its machine.")
    rss_bytes: int | None = Field(description="Resident memory of it and its children; what they share counts in each.")
    disks: list[DiskOut] = Field(description="Where it keeps backups, archives and the like; as it last said.")
    pid: int | None
    first_seen_at: datetime
    seen_at: datetime
    progressed_at: datetime = Field(description="When a delivery last began or ended, or nothing waited for it.")


class WorkersOut(BaseModel):
    """All workers of all services that were heard within a day."""

    at: datetime
    heard_until: datetime | None = Field(description="The collector hears the workers until then; what is later is not known.")
    without_workers: list[str] | None = Field(description="Lanes that no worker takes from; null while the broker is away.")
    items: list[WorkerOut]
