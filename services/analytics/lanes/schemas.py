"""Lanes with all that waits for them, wherever it waits."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared.contracts import lanes
from shared.runtime.operations.lanes.schemas import Pause


class UnknownPart(BaseModel):
    """A service that does not answer: what it holds for the lane is not counted."""

    service: str
    problem: str
    last_waiting: int | None = Field(description="What it said last; null where it never has.")
    last_at: datetime | None = Field(description="When that was.")


class ServicePause(Pause):
    """A service that sends nothing to the lane."""

    service: str


class QueueOut(BaseModel):
    """One lane. Figures of services that do not answer are missing from the sums, and `is_complete` is false then."""

    lane: str = Field(examples=[lanes.NOTIFICATIONS_NORMAL.name])
    owner: str
    rank: int
    is_complete: bool = Field(description="Whether every service and the broker answered.")
    waiting: int | None = Field(
        description="Messages that are due: outbox rows of all producers, and the consumer's due inbox rows. Null where the "
        "consumer itself does not answer."
    )
    in_broker: int | None = Field(description="Deliveries in the broker, each with one message or many; null while it is away.")
    unacknowledged: int = Field(description="Deliveries that workers have in hand, as they said in the last two seconds.")
    unconfirmed: int = Field(description="Messages that were sent and are not confirmed by their consumer.")
    leased: int | None = Field(description="Messages that are being carried out, or whose outcome is not known yet.")
    delayed: int = Field(description="Messages for a later moment: retries, and what was asked for a time to come.")
    oldest_s: float | None = Field(description="How long the oldest due message has waited; null when none waits.")
    per_s: float = Field(description="Messages per second over the last five minutes.")
    drain_s: float | None = Field(description="How long it takes to work off what waits, at that rate; null where nothing moves.")
    paused: list[ServicePause]
    workers: int | None = Field(description="That take from it; null while the broker is away.")
    slots: int | None = Field(description="How many deliveries they can run at once.")
    unknown: list[UnknownPart]


class QueuesOut(BaseModel):
    """All lanes, the highest rank first."""

    at: datetime
    is_complete: bool
    items: list[QueueOut]
