"""Messages as operators see them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.runtime.operations.audit.schemas import AuditLine
from shared.runtime.operations.dead_letters.schemas import DeadLetter
from shared.runtime.operations.schemas import Body, Shown

OutboxWord = Literal["waiting", "sent", "cancelled"]
InboxWord = Literal["done", "leased", "retry", "queued", "parked", "dropped", "dead", "cancelled"]
OUTBOX_WORDS: Final[tuple[str, ...]] = get_args(OutboxWord)
INBOX_WORDS: Final[tuple[str, ...]] = get_args(InboxWord)
"""In the order of their numbers in the tables."""


def _word(words: tuple[str, ...]) -> BeforeValidator:
    def find(value: Any) -> Any:
        return words[value] if isinstance(value, int) else value

    return BeforeValidator(find)


class OutboxRow(Shown):
    """What this service has promised to send, until its consumer confirms it."""

    id: UUID = Field(description="The message id.")
    event_id: UUID | None = Field(description="Shared by the rows of one event.")
    lane: str
    name: str
    state: Annotated[OutboxWord, _word(OUTBOX_WORDS)]
    sends: int = Field(description="How often it has been sent.")
    occurred_at: datetime
    due_at: datetime = Field(description="Not sent before.")
    confirm_by: datetime | None = Field(description="When it goes out again if its consumer has not confirmed it.")
    correlation_id: str
    undo_id: UUID | None = Field(description="Undoes its cancellation.")


class InboxRow(Shown):
    """What this service has received, and how far it is."""

    id: UUID = Field(description="The message id.")
    name: str
    lane: str
    source: str | None = Field(description="The service that sent it; null for a plain Celery client.")
    state: Annotated[InboxWord, _word(INBOX_WORDS)]
    attempt: int
    crashes: int = Field(description="Attempts whose process vanished.")
    lease_owner: str | None = Field(description="Host, pid and start time of the process that works on it.")
    due_at: datetime | None = Field(description="Leased: the lease's end. Otherwise: when it goes to its lane again.")
    occurred_at: datetime
    received_at: datetime
    finished_at: datetime | None
    error_class: str | None
    error: str | None = Field(description="Of the last attempt that failed.")
    has_result: bool = Field(description="Whether it has answered, and the answer is still kept.")
    correlation_id: str | None
    replay_of: UUID | None = Field(description="The message whose mended copy this is.")
    undo_id: UUID | None = Field(description="Undoes its cancellation.")


class SentMessage(OutboxRow):
    """An outbox row with its payload."""

    body: Body = None


class ReceivedMessage(InboxRow):
    """An inbox row with its payload."""

    body: Body = None


class MessageStory(BaseModel):
    """All that one service knows of a message."""

    id: UUID
    outbox: list[SentMessage] = Field(description="Its promise to send; for an event's id, one row per lane.")
    inbox: ReceivedMessage | None
    dead_letters: list[DeadLetter] = Field(description="Its deaths, and the letter that it is a mended copy of.")
    audit: list[AuditLine] = Field(description="What operators did to it.")


class Touched(BaseModel):
    """How many rows of this service a change concerned."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outbox": 0, "inbox": 1, "undo_id": None}]})

    outbox: int = Field(description="Promises to send.")
    inbox: int = Field(description="Received messages.")
    undo_id: UUID | None = Field(None, description="POST it to /undo/{undo_id} within seven days to take the change back.")
