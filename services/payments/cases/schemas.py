"""What the API takes and shows of cases."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payments.cases.models import Case, CaseAction, CaseChange, CaseState, Resolution
from shared.contracts.message import UtcDatetime

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Owner = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class AssignIn(BaseModel):
    """Who looks after it from now on."""

    model_config = ConfigDict(extra="forbid")

    owner: Owner | None = Field(
        description="A person, as your organization names them; null: nobody.", examples=["ann@example.com"]
    )


class CommentIn(BaseModel):
    """What is to be written down."""

    model_config = ConfigDict(extra="forbid")

    note: Note = Field(examples=["Asked Razorpay, ticket 4711."])


class ResolveIn(BaseModel):
    """How it has ended. resolution: `fixed`, it was put right, and opens again if it was not; `accepted`, it stays as it is, and
    opens again if its amounts change."""

    model_config = ConfigDict(extra="forbid")

    resolution: Literal["fixed", "accepted"]
    note: Note = Field(description="Why, for whoever reads it in a year.", examples=["Bank charge, written off."])


class CaseOut(BaseModel):
    """A case. entity_id: what it is about, by the gateway's id where it has one. amount_minor: at stake. details: what was
    compared, `ours_minor` with `theirs_minor` for instance."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    gateway: str | None
    account: str | None
    entity_id: str
    organization_id: UUID | None
    payment_id: UUID | None
    amount_minor: int | None
    currency: str | None
    details: dict[str, Any]
    state: CaseState
    owner: str | None
    opened_at: UtcDatetime
    last_seen_at: UtcDatetime
    age_hours: int = Field(description="Since it was opened, until now or until it was resolved.")
    resolution: Resolution | None
    resolved_at: UtcDatetime | None
    version: int

    @classmethod
    def of(cls, case: Case, now: datetime) -> "CaseOut":
        """As it is at a moment."""
        age = (case.resolved_at or now) - case.opened_at
        plain = {name: getattr(case, name) for name in case.__slots__ if name in cls.model_fields}
        return cls(**plain, age_hours=max(0, int(age.total_seconds() // 3600)))


class CaseChangeOut(BaseModel):
    """A line of a case's history."""

    model_config = ConfigDict(from_attributes=True)

    action: CaseAction
    actor: str
    owner: str | None
    note: str | None
    at: UtcDatetime


class CaseStory(CaseOut):
    """A case with its history, the oldest line first."""

    history: list[CaseChangeOut] = []

    @classmethod
    def told(cls, case: Case, history: list[CaseChange], now: datetime) -> "CaseStory":
        """As it is at a moment."""
        lines = [CaseChangeOut.model_validate(one) for one in history]
        return cls(**CaseOut.of(case, now).model_dump(), history=lines)
