"""Shapes of sources and runs."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.sync_runs.models import RunState, SyncRun

MOST_SHOWN: Final = 200


class SyncRunOut(BaseModel):
    """A run over a source."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: str
    state: RunState = Field(description="`overtaken`: another run has read the same pages before it.")
    requested_by: str
    asked_at: datetime
    attempt: int = Field(description="How often it was begun.")
    started_at: datetime | None
    ended_at: datetime | None
    took_s: float | None
    pages: int
    read: int = Field(description="Rows.")
    published: int = Field(description="Rows that were handed on.")
    unchanged: int = Field(description="Rows that had been handed on as they are, or newer.")
    repeated: int = Field(description="Rows of which the same page has a newer version.")
    quarantined: int = Field(description="Rows that could not be taken.")
    has_more: bool = Field(description="Whether it stopped before the source's end; the next run goes on.")
    error: str | None

    @classmethod
    def of(cls, run: SyncRun) -> "SyncRunOut":
        """A run as it is shown."""
        ended = run.ended_at
        took_s = (ended - run.started_at).total_seconds() if ended and run.started_at else None
        values = {name: getattr(run, name) for name in cls.model_fields if name != "took_s"}
        return cls.model_validate(values | {"took_s": took_s})


class TypesChanged(BaseModel):
    """A field whose values are of other types than before."""

    before: list[str]
    now: list[str]


class DriftOut(BaseModel):
    """How the rows of a run differ from those of the runs before."""

    appeared: dict[str, list[str]] = Field(description="Fields that were not there before, and their types.")
    vanished: list[str] = Field(description="Fields that every row had, and none has now.")
    changed: dict[str, TypesChanged]
    unmapped: dict[str, dict[str, int]] = Field(description="Values that nothing of ours stands for, counted by field.")


class QuarantinedRowOut(BaseModel):
    """A row that could not be taken."""

    model_config = ConfigDict(from_attributes=True)

    page: int
    key: str | None = Field(description="What it is about, where that can be told.")
    reason: str
    row: str = Field(description="JSON; its first 4,000 characters.")


class SyncRunDetail(SyncRunOut):
    """A run with what was odd about it."""

    drift: DriftOut | None = Field(description="Null until it is done.")
    unmapped: dict[str, dict[str, int]] = Field(description="As in the drift, so far.")
    quarantined_rows: list[QuarantinedRowOut] = Field(description=f"The first {MOST_SHOWN}.")


class FieldOut(BaseModel):
    """A field of a source's rows."""

    types: list[str]
    always: bool = Field(description="Whether every row has it.")


class SyncSourceOut(BaseModel):
    """A source outside."""

    name: str
    is_set_up: bool
    message: str = Field(description="What its rows are handed on with.")
    cursor: str | None = Field(description="Where it is read on; the source's own word.")
    failures: int = Field(description="How many runs have failed since one has not.")
    succeeded_at: datetime | None
    fields: dict[str, FieldOut]
    last_run: SyncRunOut | None


class SyncSourcesOut(BaseModel):
    """All sources."""

    items: list[SyncSourceOut]
