"""What the collector keeps between two writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

K = TypeVar("K")

State = Literal["done", "dropped", "retry", "failed", "lost", "revoked"]
STATES: Final[tuple[State, ...]] = ("done", "dropped", "retry", "failed", "lost", "revoked")
COLUMNS: Final = (
    "finished_at", "id", "delivery_id", "name", "lane", "worker", "state", "attempt", "correlation_id", "error_class", "waited_s",
    "ran_s", "messages",
)  # fmt: skip
"""Of task_runs, in the order in which they are copied."""

Run = tuple[datetime, UUID, UUID, str, str, str, State, int | None, str | None, str | None, float | None, float | None, int]
"""A row of task_runs."""

StatsKey = tuple[datetime, str, str]
"""Begin of the minute or hour, name of the task, lane."""


@dataclass(slots=True)
class Stats:
    """What became of one task's messages of one lane within a minute. waited, ran: counts by bucket."""

    states: dict[State, int] = field(default_factory=dict)
    deliveries: int = 0
    waited: dict[int, int] = field(default_factory=dict)
    ran: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Stats") -> None:
        """Add what another has counted."""
        self.deliveries += other.deliveries
        _add(self.states, other.states)
        _add(self.waited, other.waited)
        _add(self.ran, other.ran)


@dataclass(slots=True)
class Worker:
    """A worker as its events show it. Times are the collector's."""

    hostname: str
    first_seen_at: datetime
    seen_at: datetime
    progressed_at: datetime
    service: str | None = None
    lanes: list[str] = field(default_factory=list)
    slots: int = 0
    pid: int | None = None
    running: list[Any] = field(default_factory=list)
    processed: int | None = None
    load_1m: float | None = None
    rss_bytes: int | None = None
    disks: list[Any] = field(default_factory=list)
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which the history does not know all. dropped: how many rows; None where nobody knows."""

    began_at: datetime
    ended_at: datetime
    reason: Literal["no_collector", "broker_away", "overflow", "refused"]
    dropped: int | None = None


def _add(mine: dict[K, int], theirs: Mapping[K, int]) -> None:
    for key, count in theirs.items():
        mine[key] = mine.get(key, 0) + count
