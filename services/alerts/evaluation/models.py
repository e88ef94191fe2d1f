"""Evaluation runs as the database holds them, and what single evaluations find."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class EvaluationRun(Model):
    """One run over all shipments. Its id is the id of the message that asked for it.

    shipments: how many reached a step. raised: how many alerts came of it. chunks: how many statements it took.
    """

    __tablename__ = "evaluation_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shipments: Mapped[int]
    raised: Mapped[int]
    chunks: Mapped[int]


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the order of evaluation a run stands: everything up to this shipment is done."""

    on: date
    shipment_id: UUID


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one statement did. reached: the last shipment of the chunk."""

    shipments: int
    raised: int
    reached: Position


@dataclass(frozen=True, slots=True)
class Found:
    """What one shipment's evaluation found.

    days_late: negative before the ETA. step, severity: the highest one reached, None where none is.
    alert_id: the alert that was raised just now. next_on: when the next step is reached.
    """

    days_late: int
    step: int | None
    severity: str | None
    alert_id: UUID | None
    next_on: date | None
