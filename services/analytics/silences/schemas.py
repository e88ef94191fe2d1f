"""Silences on the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from shared.contracts import lanes
from shared.runtime.operations.schemas import Asked, Moment, Sentence, Shown

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class SilenceIn(Asked):
    """Over what, until when, and why."""

    rule: Pattern | None = Field(None, description="A rule's name; * stands for any text.", examples=["backlog"])
    subject: Pattern | None = Field(
        None, description="A lane, a worker, a task; * stands for any text.", examples=[lanes.NOTIFICATIONS_BULK.name]
    )
    until: Moment = Field(description="At most 30 days from now.", examples=["2026-11-30T06:00:00Z"])
    reason: Sentence = Field(examples=["the campaign of today; it will have drained by midnight"])

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if all(one is None or not one.strip("*") for one in (self.rule, self.subject)):
            raise ValueError("give a rule or a subject; a silence over everything would also be over what nobody has thought of")
        return self


class SilenceOut(Shown):
    """One silence. It holds until `until`, or until somebody ended it."""

    id: UUID
    rule: str | None
    subject: str | None
    until: datetime
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None
