"""The history of task runs as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import REAL, DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class TaskRun(Model):
    """One message in one delivery. The table has no key: its rows are copied, and told apart by what they say."""

    __tablename__ = "task_runs"

    finished_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    lane: Mapped[str]
    worker: Mapped[str]
    state: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int | None]
    correlation_id: Mapped[str | None]
    error_class: Mapped[str | None]
    waited_s: Mapped[float | None] = mapped_column(REAL)
    ran_s: Mapped[float | None] = mapped_column(REAL)
    messages: Mapped[int]


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs. None is no filter. since, until: [since, until) of finished_at. states: any of these."""

    since: datetime
    until: datetime
    name: str | None = None
    states: tuple[str, ...] | None = None
    worker: str | None = None
    lane: str | None = None
    message_id: UUID | None = None
    correlation_id: str | None = None
    least_ran_s: float | None = None

    def ending(self, states: Sequence[str] | None) -> "RunFilter":
        """The same, of those that ended in any of these ways; None for all."""
        return replace(self, states=tuple(states) if states else None)


@dataclass(slots=True)
class TaskCounts:
    """What became of one task's messages in a window. waited, ran: counts by bucket."""

    name: str
    done: int = 0
    dropped: int = 0
    retried: int = 0
    failed: int = 0
    lost: int = 0
    revoked: int = 0
    deliveries: int = 0
    waited: dict[int, int] = field(default_factory=dict)
    ran: dict[int, int] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """All that ended in some way; what was lost or revoked counts as deliveries."""
        return self.done + self.dropped + self.retried + self.failed


@dataclass(frozen=True, slots=True)
class Heard:
    """Until when the collector heard the workers, and of which times within the window it does not know all."""

    until: datetime | None
    gaps: tuple[Any, ...]
