"""Scheduling and controlling tasks, on the wire."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from shared.contracts import lanes
from shared.runtime.operations.schemas import Asked, Moment, Sentence

LONGEST: Final = timedelta(days=366)
"""How far ahead a message may be scheduled: beyond that somebody has mistyped, and it would wait for ever unseen."""

_MAIL: Final[dict[str, Any]] = {
    "task_name": "notifications.send_email",
    "kwargs": {"to_email": "ann@example.com", "subject": "Hello", "body": "It works."},
    "countdown": 60,
}


class ScheduleIn(Asked):
    """One message of any contract."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MAIL]})

    task_name: str = Field(min_length=1, max_length=100, description="A contract's name; docs/asyncapi.json lists them.")
    args: list[Any] = Field(default_factory=list, max_length=100, description="Fields in the order of the contract.")
    kwargs: dict[str, Any] = Field(default_factory=dict, description="Fields by name.")
    countdown: float | None = Field(None, ge=0, le=LONGEST.total_seconds(), description="Seconds from now.")
    due_at: Moment | None = Field(None, description="Not before this moment, 366 days ahead at most; now where neither is given.")
    lane: str | None = Field(None, max_length=100, description="Of a command, one of its lanes; its first where none is given.")
    reason: Sentence = Field("asked for over the API", description="Why, for whoever reads the audit.")


class Scheduled(BaseModel):
    """The message that was published."""

    message_id: UUID = Field(description="As `GET /v1/monitoring/tasks/{id}` takes it; of an event, the event's id.")
    task_name: str
    lanes: list[str]
    due_at: datetime


class OnMessage(Asked):
    """cancel: it is not carried out; what was sent is cancelled at its consumer. revoke is the same, for what Celery calls so: a
    delivery that a worker has in hand goes on. retry: it is due now."""

    action: Literal["cancel", "revoke", "retry"]
    message_id: UUID
    reason: Sentence


class OnUndo(Asked):
    """Takes back a cancellation or a purge, within seven days."""

    action: Literal["undo"]
    undo_id: UUID
    reason: Sentence


class OnLane(Asked):
    """No service sends to a paused lane; what waits is kept."""

    action: Literal["pause", "resume"]
    lane: str = Field(max_length=100, examples=[lanes.NOTIFICATIONS_BULK.name])
    reason: Sentence


class OnWaiting(Asked):
    """Cancels all that waits for a lane, in all services."""

    action: Literal["purge"]
    lane: str = Field(max_length=100, examples=[lanes.NOTIFICATIONS_BULK.name])
    reason: Sentence
    dry_run: StrictBool = Field(False, description="Only count.")


class OnRate(Asked):
    """Each service sends so many messages a second to the lane at most; what waits is kept."""

    action: Literal["rate_limit"]
    lane: str = Field(max_length=100, examples=[lanes.NOTIFICATIONS_BULK.name])
    per_s: float | None = Field(ge=0.001, le=100_000, description="Messages per second of each service; null for no limit.")
    reason: Sentence


class OnPool(Asked):
    """Each worker that takes from the lane has so many children."""

    action: Literal["pool_size"]
    lane: str = Field(max_length=100, examples=[lanes.NOTIFICATIONS_BULK.name])
    size: int | None = Field(ge=1, le=64, strict=True, description="Null for as many as each was started with.")
    reason: Sentence


Control = Annotated[OnMessage | OnUndo | OnLane | OnWaiting | OnRate | OnPool, Field(discriminator="action")]


class ServicePart(BaseModel):
    """What one service made of it."""

    service: str
    outbox: int | None = Field(None, description="Messages that it was to send.")
    inbox: int | None = Field(None, description="Messages that it had received.")
    left: int | None = Field(None, description="Of a purge: what waits still.")
    undo_id: UUID | None = Field(None, description="Takes it back: `action` undo, within seven days.")
    problem: str | None = Field(None, description="Why it was not done there.")


class Controlled(BaseModel):
    """What was done where."""

    action: str
    is_complete: bool = Field(description="Whether every service that it concerns has done it; ask again where not.")
    parts: list[ServicePart]
