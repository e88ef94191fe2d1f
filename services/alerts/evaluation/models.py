"""Evaluation runs as the database holds them, and what evaluations find."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.contracts.alerts import OrganizationAlerts
from shared.runtime.db import Model

Trigger = Literal["message", "http"]


class EvaluationRun(Model):
    """One run over all shipments. Its id is the id of the message that asked for it.

    shipments: how many were due and looked at. raised: how many alerts came of it. chunks: how many transactions it took.
    starts: how often a worker took it up. working_ms: what its chunks took together. error: why it was given up.
    """

    __tablename__ = "evaluation_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    trigger: Mapped[Trigger] = mapped_column(Text)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    progressed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipments: Mapped[int]
    raised: Mapped[int]
    chunks: Mapped[int]
    starts: Mapped[int]
    working_ms: Mapped[int]
    error: Mapped[str | None]

    @property
    def state(self) -> str:
        """requested, running, finished or failed."""
        if self.finished_at is not None:
            return "finished"
        if self.error is not None:
            return "failed"
        return "requested" if self.started_at is None else "running"


class EvaluationChunk(Model):
    """One transaction of a run: how many shipments it looked at, and how many alerts it raised."""

    __tablename__ = "evaluation_chunks"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    shipments: Mapped[int]
    raised: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of evaluation: behind this shipment."""

    on: date
    shipment_id: UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands."""

    as_of: date
    chunks: int
    shipments: int
    raised: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one statement did.

    due: how many shipments were due in its stretch. shipments: how many of them were looked at; the others are in other
    hands. organizations: what was raised for whom. reached: the last one of the stretch.
    """

    due: int
    shipments: int
    organizations: tuple[OrganizationAlerts, ...]
    reached: Position

    @property
    def raised(self) -> int:
        return sum(one.total for one in self.organizations)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the policy, as it stands for a shipment. crosses_on: the day on which it is reached. alert_id: what was
    raised for it under the present ETA."""

    step: int
    days_late: int
    severity: str
    crosses_on: date | None
    alert_id: UUID | None


@dataclass(frozen=True, slots=True)
class Found:
    """What one shipment's evaluation found.

    policy: its name; None where none applies. days_late: negative before the ETA, in the policy's kind of days. step,
    severity: the highest one reached. alert_id: the alert that was raised just now. next_on: when the next step is reached.
    """

    organization_id: UUID
    status: str
    policy: str | None
    policy_version_id: UUID | None
    basis: str | None
    calendar: str | None
    days_late: int | None
    step: int | None
    severity: str | None
    alert_id: UUID | None
    next_on: date | None
