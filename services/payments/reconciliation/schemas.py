"""What the API takes and shows of runs."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.invoices.day_models import Day
from services.payments.reconciliation.models import Class, FindingKind, RunState, Stage
from shared.contracts.message import UtcDatetime


class RunIn(BaseModel):
    """What is to be compared."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=3, strict=True, ge=1, le=366, description="How many days back from now.")
    day: Day | None = Field(
        default=None, description="In the place of `days`, one day under which the gateway lists settlements."
    )
    account: str | None = Field(default=None, max_length=100, description="One account alone, such as `razorpay`.")


class RunRequest(BaseModel):
    """What was asked for. Runs of all accounts that are meant follow from this message."""

    message_id: UUID


class RunCounts(BaseModel):
    """By class. matched: payments and items that agree. healed: put right by the run itself. open: what cases are about."""

    matched: int = 0
    healed: dict[Class, int] = {}
    open: dict[Class, int] = {}


class RunOut(BaseModel):
    """A comparison of one account. since, until: of payments, refunds and disputes; first_day, last_day: of settlements.

    stage, day: where it stands. fetched: how much the gateway has told, by what it was asked for. posted: transactions of the
    ledger. error: why it cannot go on, or will try again.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    gateway: str
    account: str
    organization_id: UUID | None
    requested_by: str
    slot: UtcDatetime
    since: UtcDatetime
    until: UtcDatetime
    first_day: date
    last_day: date
    state: RunState
    stage: Stage
    day: date | None
    fetched: dict[str, int]
    counts: RunCounts
    posted: int
    error: str | None
    started_at: UtcDatetime
    finished_at: UtcDatetime | None


class FindingOut(BaseModel):
    """Something that was not as it should be. entity_id: the gateway's. amount_minor: at stake. details: what was compared."""

    model_config = ConfigDict(from_attributes=True)

    class_: Class = Field(serialization_alias="class")
    entity_id: str
    kind: FindingKind
    healed: bool
    payment_id: UUID | None
    amount_minor: int | None
    currency: str | None
    details: dict[str, Any]
