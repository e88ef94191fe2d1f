"""Shapes of evaluation: what is asked, and what is answered."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import UtcDatetime

Outcome = Literal["raised", "already_raised", "not_late_enough", "not_watched", "unknown_shipment"]


class EvaluationRequest(BaseModel):
    """What to evaluate."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"as_of": "2026-11-20T08:00:00Z"}]})

    as_of: UtcDatetime | None = Field(None, description="Its day in UTC is evaluated: today, or an earlier one. Default: now.")


class EvaluationAccepted(BaseModel):
    """The run will happen."""

    message_id: UUID = Field(description="Of the message that asks for the run, and so of the run.")


class RunOut(BaseModel):
    """A run over all shipments: asked for, or finished."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    as_of: date
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None = Field(description="Null until then; the counts are 0 meanwhile.")
    shipments: int = Field(description="How many reached a step.")
    raised: int = Field(description="How many alerts came of it.")
    chunks: int


class RunSummary(BaseModel):
    """What `alerts.evaluate_shipments` answers."""

    run_id: UUID
    as_of: date
    shipments: int
    raised: int
    chunks: int


class Explanation(BaseModel):
    """What `alerts.evaluate_shipment` answers.

    days_late: negative before the ETA. step, severity: the highest one that the shipment has reached.
    alert_id: the alert that was raised by this evaluation. next_evaluation_on: when it reaches its next step.
    """

    shipment_id: UUID
    as_of: date
    outcome: Outcome
    reason: str
    days_late: int | None = None
    step: int | None = None
    severity: str | None = None
    alert_id: UUID | None = None
    next_evaluation_on: date | None = None
