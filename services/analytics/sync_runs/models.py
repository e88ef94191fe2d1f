"""Runs over sources outside, and what a page of one brings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

RunState = Literal["asked", "running", "done", "failed", "overtaken"]
Shape = dict[str, dict[str, Any]]
"""The fields of rows by name, each with its `types` and whether it is `always` there."""
Unmapped = dict[str, dict[str, int]]
"""Values that nothing of ours stands for, counted by field."""
_MOMENT = DateTime(timezone=True)


class SyncSource(Model):
    """How far a source was read."""

    __tablename__ = "sync_sources"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    cursor: Mapped[str | None]
    etag: Mapped[str | None]
    shape: Mapped[Shape | None] = mapped_column(JSONB)
    failures: Mapped[int]
    succeeded_at: Mapped[datetime | None] = mapped_column(_MOMENT)


class SyncRun(Model):
    """One run. overtaken: another has read the same pages before it. has_more: it stopped before the source's end."""

    __tablename__ = "sync_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(ForeignKey("sync_sources.name"))
    state: Mapped[str]
    requested_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(_MOMENT)
    attempt: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    pages: Mapped[int] = mapped_column(default=0)
    read: Mapped[int] = mapped_column(default=0)
    published: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    repeated: Mapped[int] = mapped_column(default=0)
    quarantined: Mapped[int] = mapped_column(default=0)
    has_more: Mapped[bool] = mapped_column(default=False)
    shape: Mapped[Shape] = mapped_column(JSONB, default=dict)
    unmapped: Mapped[Unmapped] = mapped_column(JSONB, default=dict)
    drift: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[str | None]


class QuarantinedRow(Model):
    """A row that could not be taken, and why."""

    __tablename__ = "sync_quarantined_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("sync_runs.id"))
    page: Mapped[int]
    key: Mapped[str | None]
    reason: Mapped[str]
    row: Mapped[str]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a source is read on. version: what whoever moves it has to name."""

    source: str
    version: int
    cursor: str | None
    etag: str | None
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Page:
    """What a source has answered. cursor: with which the next page is asked for. is_same: it says that nothing is new."""

    rows: Sequence[Any] = ()
    cursor: str | None = None
    etag: str | None = None
    has_more: bool = False
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A row that was understood. key: what it is about. digest: the same for the same news. news: what is handed on."""

    key: str
    told_at: datetime
    digest: bytes
    news: Any


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that was not. row: as JSON."""

    key: str | None
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A page, read. repeated: rows of which the page has a newer version."""

    rows: int
    items: Sequence[Item]
    bad: Sequence[Bad]
    repeated: int
    shape: Shape
    unmapped: Unmapped


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source is, for whoever is to be woken. asked_at: when it was to be read last; None where that is long ago."""

    name: str
    failures: int
    succeeded_at: datetime | None
    error: str | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Drift:
    """How the rows of a run differ from those of the runs before. changed: the types before and now, by field."""

    appeared: Mapping[str, Sequence[str]] = field(default_factory=dict)
    vanished: Sequence[str] = ()
    changed: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    unmapped: Unmapped = field(default_factory=dict)
