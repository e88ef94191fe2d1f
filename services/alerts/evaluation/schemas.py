"""Shapes of evaluation: what is asked, and what is answered."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.alerts.evaluation.models import Trigger
from shared.contracts.message import UtcDatetime

Outcome = Literal["raised", "already_raised", "not_late_enough", "not_watched", "no_policy", "unknown_shipment"]
State = Literal["requested", "running", "finished", "failed"]


class EvaluationRequest(BaseModel):
    """What to evaluate."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"as_of": "2026-11-20T08:00:00Z"}]})

    as_of: UtcDatetime | None = Field(None, description="Its day in UTC is evaluated: today, or an earlier one. Default: now.")


class EvaluationAccepted(BaseModel):
    """The run will happen."""

    message_id: UUID = Field(description="Of the message that asks for the run, and so of the run.")


class RunOut(BaseModel):
    """A run over all shipments: asked for, under way, finished or given up."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    as_of: date
    state: State
    trigger: Trigger
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    progressed_at: datetime | None = Field(description="When the newest chunk was committed.")
    finished_at: datetime | None = Field(description="Null until then; the counts are those of the chunks so far.")
    shipments: int = Field(description="How many were due and looked at.")
    raised: int = Field(description="How many alerts came of it.")
    chunks: int = Field(description="How many transactions it took; each is kept whatever becomes of the next.")
    starts: int = Field(description="How often a worker took it up; more than once after a crash, and for a long run.")
    working_ms: int = Field(description="What its chunks took together.")
    error: str | None = Field(description="Why it was given up. Its message is a dead letter, and resumes it when replayed.")


class ChunkOut(BaseModel):
    """One transaction of a run."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    shipments: int
    raised: int
    started_at: datetime
    finished_at: datetime


class RunSummary(BaseModel):
    """What `alerts.evaluate_shipments` answers."""

    run_id: UUID
    as_of: date
    shipments: int
    raised: int
    chunks: int


class StepExplained(BaseModel):
    """One step of the policy, as it stands for the shipment.

    days_late: from how many days past the ETA it is due, in the policy's kind of days. crosses_on: the day on which that is.
    reached: whether that day has come. alert_id: what was raised for it under the present ETA.
    """

    model_config = ConfigDict(from_attributes=True)

    step: int
    days_late: int
    severity: str
    crosses_on: date | None
    reached: bool
    alert_id: UUID | None


class Explanation(BaseModel):
    """What `alerts.evaluate_shipment` answers.

    policy: the narrowest one that applies. basis: whether it counts calendar or business days, the latter by `calendar`.
    days_late: negative before the ETA. step, severity: the highest one that the shipment has reached.
    alert_id: the alert that was raised by this evaluation. next_evaluation_on: when it reaches its next step.
    """

    shipment_id: UUID
    as_of: date
    outcome: Outcome
    reason: str
    policy: str | None = None
    policy_version_id: UUID | None = None
    basis: Literal["calendar", "business"] | None = None
    calendar: str | None = None
    days_late: int | None = None
    step: int | None = None
    severity: str | None = None
    alert_id: UUID | None = None
    next_evaluation_on: date | None = None
    steps: list[StepExplained] = []
