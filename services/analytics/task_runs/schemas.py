"""Shapes of the history."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.analytics.task_events.models import State
from shared.contracts import lanes
from shared.runtime.operations.messages.schemas import MessageStory

Seconds = Annotated[float, AfterValidator(lambda value: round(value, 4))]
Window = Literal["5m", "15m", "1h", "6h", "24h", "7d"]


class TaskRunOut(BaseModel):
    """One message in one delivery."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="The message id; of a delivery that was lost or revoked whole, the delivery's.")
    name: str = Field(examples=["notifications.send_email"])
    state: State = Field(description="`lost`: the delivery was given back, its process having gone or the database being away.")
    lane: str = Field(examples=[lanes.NOTIFICATIONS_NORMAL.name])
    worker: str = Field(examples=["notifications@host"])
    attempt: int | None = Field(description="1 at the first; null of a delivery.")
    finished_at: datetime = Field(description="By the worker's clock.")
    waited_s: Seconds | None = Field(description="From the moment at which it was due to the begin of its delivery.")
    ran_s: Seconds | None = Field(description="How long the delivery took, with all its messages.")
    messages: int = Field(description="How many messages the delivery brought.")
    delivery_id: UUID
    correlation_id: str | None
    error_class: str | None


class GapOut(BaseModel):
    """A time of which the history does not know all."""

    model_config = ConfigDict(from_attributes=True)

    began_at: datetime
    ended_at: datetime
    reason: Literal["no_collector", "broker_away", "overflow", "refused"]
    dropped: int | None = Field(description="How many rows; null where nobody knows.")


class Percentiles(BaseModel):
    """Of a duration, in seconds, right to 2.5 %; null of nothing."""

    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    p99_s: float | None


class TaskStatus(BaseModel):
    """What became of one task's messages in the window."""

    name: str
    done: int
    dropped: int = Field(description="Pointless by the time they came.")
    retried: int = Field(description="Attempts that failed and will be made again.")
    failed: int = Field(description="Dead letters.")
    lost: int = Field(description="Deliveries that were given back.")
    revoked: int = Field(description="Deliveries that control took out.")
    deliveries: int
    per_s: float = Field(description="Messages per second.")
    failed_share: float = Field(description="Of all that ended; 0 where nothing did.")
    ran: Percentiles = Field(description="Of deliveries.")
    waited: Percentiles = Field(description="Of messages.")


class TaskStatusOut(BaseModel):
    """All tasks that did anything."""

    since: datetime
    until: datetime
    heard_until: datetime | None = Field(
        description="The freshness of these figures: the collector heard the workers until then."
    )
    gaps: list[GapOut] = Field(description="This is a lossy view; in these times something was not heard.")
    totals: dict[State, int] = Field(examples=[{"done": 20, "dropped": 0, "retry": 1, "failed": 0, "lost": 0, "revoked": 0}])
    items: list[TaskStatus]


class OwnerStory(BaseModel):
    """What one service knows of a message."""

    service: str
    story: MessageStory | None = Field(description="Null where it knows nothing, or does not answer.")
    problem: str | None = Field(description="Why it could not be asked; null where it could.")


class TaskStory(BaseModel):
    """All that is known of a message: what the history heard, and what its producer and its consumer say now."""

    id: UUID
    runs: list[TaskRunOut] = Field(description="Its deliveries that were heard, the newest first; at most 100.")
    services: list[OwnerStory]
