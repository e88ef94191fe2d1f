"""Completions, their steps and recorded mileage, as the database holds them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

MileageSource = Literal["odometer", "gps", "operator"]
DistanceSource = Literal["odometer", "gps", "operator", "estimate"]
CompletionStatus = Literal["running", "done", "failed"]
StepName = Literal["facts_fixed", "released", "billing_told", "invoice_requested", "people_told", "invoice_confirmed"]
StepStatus = Literal["pending", "waiting", "done", "skipped", "compensated"]

STEPS: Final[tuple[StepName, ...]] = (
    "facts_fixed",
    "released",
    "billing_told",
    "invoice_requested",
    "people_told",
    "invoice_confirmed",
)
"""In the order in which they are tried. One that waits keeps only those from going on that need it."""
ENDED_STEPS: Final = frozenset[StepStatus]({"done", "skipped", "compensated"})
_MOMENT: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a trip was, in metres, and what says so."""

    distance_m: int
    source: DistanceSource


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step. detail: a sentence for people."""

    status: StepStatus
    detail: str | None = None


class Mileage(Model):
    """How far a trip was, by one source."""

    __tablename__ = "trip_mileage"

    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trips.id"), primary_key=True)
    source: Mapped[MileageSource] = mapped_column(Text, primary_key=True)
    distance_m: Mapped[int]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(_MOMENT)
    recorded_by: Mapped[str]


class Completion(Model):
    """What follows from a completed trip. revision: how often its facts were fixed, 0 for not yet."""

    __tablename__ = "trip_completions"

    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trips.id"), primary_key=True)
    organization_id: Mapped[UUID]
    status: Mapped[CompletionStatus] = mapped_column(Text)
    revision: Mapped[int]
    distance_m: Mapped[int | None]
    distance_source: Mapped[DistanceSource | None] = mapped_column(Text)
    duration_s: Mapped[int | None]
    waiting_s: Mapped[int | None]
    invoice_id: Mapped[UUID | None]
    invoice_number: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    updated_at: Mapped[datetime] = mapped_column(_MOMENT)


class CompletionStep(Model):
    """One step of a completion. Once it has ended, nothing changes it."""

    __tablename__ = "trip_completion_steps"

    trip_id: Mapped[UUID] = mapped_column(ForeignKey("trip_completions.trip_id"), primary_key=True)
    position: Mapped[int]
    step: Mapped[StepName] = mapped_column(Text, primary_key=True)
    status: Mapped[StepStatus] = mapped_column(Text)
    attempts: Mapped[int]
    tried_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    ended_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    detail: Mapped[str | None]
