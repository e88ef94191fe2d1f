"""Dead letters on the wire. `reason` is the code of what a message died of, `note` what an operator says about it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from shared.runtime.operations.schemas import Asked, Body, Moment, Sentence, Shown

Status = Literal["open", "replayed", "discarded"]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class DeadLetter(Shown):
    """What nobody could or would carry out."""

    id: UUID
    message_id: UUID | None = Field(description="Null where the envelope could not be read.")
    reason: str = Field(description="What it died of; docs/runbooks/dead-letters.md explains each code.")
    name: str | None
    lane: str | None
    source: str | None
    attempts: int
    error_class: str | None
    error: str | None
    fingerprint: str = Field(description="Shared by letters that died of the same cause.")
    correlation_id: str | None
    occurred_at: datetime | None
    died_at: datetime
    status: Status
    settled_at: datetime | None
    settled_by: str | None
    note: str | None
    replayed_as: UUID | None = Field(description="The message id of its mended copy.")
    body: Body = None


class DeadLetterGroup(Shown):
    """Letters that died of the same cause."""

    fingerprint: str
    letters: int
    reason: str
    name: str | None
    error_class: str | None
    error: str | None = Field(description="Of the newest one.")
    newest_id: UUID
    first_died_at: datetime
    last_died_at: datetime


class Note(Asked):
    """The body of replay and discard."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "the template is mended"}]})

    note: Sentence = Field(description="What you found and why you do this; kept with the letter and in the audit.")


class DeadLetterCount(BaseModel):
    """Open letters of one task, or of one cause of death where a letter names no task."""

    subject: str = Field(examples=["notifications.send_email"])
    letters: int


class DeadLetterCounts(BaseModel):
    """All open letters."""

    open: int
    items: list[DeadLetterCount] = Field(description="Those with the most letters first, at most 200.")
    others: int = Field(description="Letters of subjects beyond those: anybody can send names that there are not.")


class Edit(Note):
    """A mended message. What is not given is the letter's own."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "the address had no domain", "body": {"to_email": "ann@example.com"}}]}
    )

    body: dict[str, Any] = Field(description="The whole payload: all fields, not only those that change.")
    name: Name | None = Field(None, description="Required where the letter has none.")
    lane: Name | None = Field(None, description="A lane of this service on which the message travels.")


class Selection(Note):
    """The open letters that fit all that is given."""

    reason: Name | None = None
    name: Name | None = None
    fingerprint: Name | None = None
    since: Moment | None = Field(None, description="Died at this moment or later.")
    all: StrictBool = Field(False, description="Must be true where no filter is given.")
    dry_run: StrictBool = Field(False, description="Only count.")

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if not self.all and not any((self.reason, self.name, self.fingerprint, self.since)):
            raise ValueError("give a filter (reason, name, fingerprint, since), or say all=true to mean every open letter")
        return self


class Replay(Selection):
    """Which letters to replay, and how fast."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"note": "the provider is back", "fingerprint": "9f2c51b07d34aa10", "rate": 20, "dry_run": True}]
        }
    )

    rate: float = Field(50.0, ge=0.1, le=1000, description="Messages per second; their due times are spread by it.")


class Discard(Selection):
    """Which letters to discard."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "a load test", "name": "notifications.send_email", "dry_run": True}]}
    )


class Settled(BaseModel):
    """What became of a selection."""

    matched: int = Field(description="Open letters that fit.")
    settled: int = Field(description="Replayed or discarded now; 0 in a dry run.")
    by_hand: int = Field(description="Of those that fit, how many cannot be replayed unseen: raw envelopes and unrecorded calls.")
    left: int = Field(description="Still open. One request settles at most 10,000; repeat it for the rest.")
    last_due_at: datetime | None = Field(None, description="When the last one of a replay is due.")


class Replayed(BaseModel):
    """A letter that was sent again."""

    letter_id: UUID
    message_id: UUID = Field(description="The same id as ever; a new one where the payload was edited.")
