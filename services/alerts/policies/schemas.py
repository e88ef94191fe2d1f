"""Shapes of the policies API."""

import re
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Final, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from services.alerts.alerts.models import Severity
from services.alerts.policies.models import Basis, Content, Scope, Step, WatchedStatus
from services.alerts.shipments.models import HoldKind, Mode

MAX_STEPS: Final = 10
SEVERITIES: Final[tuple[str, ...]] = get_args(Severity)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_VERSION_EXAMPLE: Final[JsonDict] = {
    "effective_from": "2026-12-01",
    "basis": "business",
    "calendar": "DE-BY",
    "steps": [{"days_late": 1, "severity": "info"}, {"days_late": 3, "severity": "high"}],
}


def _plain(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    if _CONTROLS.search(value):
        raise ValueError("has control characters; leave them out")
    return value.strip()


def _iso(value: Any) -> Any:
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise ValueError("is not a date like 2026-11-20")
    if isinstance(value, int | float):
        raise ValueError("is not a date like 2026-11-20; write it in quotes")
    return value


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Day = Annotated[date, BeforeValidator(_iso)]


class StepIn(BaseModel):
    """From how many days past the ETA on an alert of which severity is due."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    days_late: int = Field(ge=1, le=365, strict=True, examples=[3])
    severity: Severity


class ContentIn(BaseModel):
    """What a version says, apart from when."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = Field(True, strict=True, description="False retires the policy: the next wider one counts instead.")
    basis: Basis = Field("calendar", description="Whether days late are all days, or the business days of `calendar`.")
    calendar: str | None = Field(None, max_length=10, description="One of GET /v1/calendars.", examples=["DE-BY"])
    statuses: list[WatchedStatus] = Field(
        default_factory=lambda: list(get_args(WatchedStatus)),
        min_length=1,
        max_length=3,
        description="In which statuses of a shipment it counts.",
    )
    steps: list[StepIn] = Field(
        default_factory=list, max_length=MAX_STEPS, description="By days, severities never falling. Needed unless it is retired."
    )
    email_retries: int = Field(3, ge=0, le=50, strict=True, description="How often an e-mail is tried again.")
    email_interval_s: int = Field(300, ge=1, le=86400, strict=True, description="How long to wait before each new try.")
    digest_above: int = Field(
        20, ge=1, le=1000, strict=True, description="More alerts than this for one recipient become one e-mail."
    )

    @field_validator("steps")
    @classmethod
    def steps_climb(cls, steps: list[StepIn]) -> list[StepIn]:
        """Later steps are for more days, and never milder."""
        for number, (lower, higher) in enumerate(pairwise(steps), start=2):
            if higher.days_late <= lower.days_late:
                raise ValueError(f"step {number} must be later than the one before it; order the steps by days_late, each once")
            if SEVERITIES.index(higher.severity) < SEVERITIES.index(lower.severity):
                raise ValueError(f"step {number} is milder than the one before it; severities may not fall with the days")
        return steps

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        """A calendar is named where days are counted by it, and a policy in force has steps."""
        if self.basis == "business" and self.calendar is None:
            raise ValueError("business days need a calendar, such as DE-BY; GET /v1/calendars lists them")
        if self.basis == "calendar" and self.calendar is not None:
            raise ValueError("a calendar is for business days alone; leave it out, or set basis to business")
        if self.enabled and not self.steps:
            raise ValueError(f"name 1 to {MAX_STEPS} steps, or set enabled to false to retire the policy")
        return self

    def content(self, effective_from: date | None) -> Content:
        """The same for the service; statuses in a fixed order, each once."""
        return Content(
            effective_from=effective_from,
            enabled=self.enabled,
            basis=self.basis,
            calendar=self.calendar,
            statuses=tuple(status for status in get_args(WatchedStatus) if status in self.statuses),
            steps=tuple(Step(step.days_late, step.severity) for step in self.steps),
            email_retries=self.email_retries,
            email_interval_s=self.email_interval_s,
            digest_above=self.digest_above,
        )


class VersionIn(ContentIn):
    """A version to publish."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_VERSION_EXAMPLE]})

    effective_from: Day | None = Field(
        None, description="The day in UTC from which on it holds. Default: today, or the newest version's day."
    )


class ScopeIn(BaseModel):
    """Which shipments a policy is for."""

    model_config = ConfigDict(extra="forbid")

    customer: Name | None = Field(
        None, description="Only this customer's, as shipments spell it.", examples=["Nordlicht Handels GmbH"]
    )
    mode: Mode | None = Field(None, description="Only those that travel so.")
    for_holds: list[HoldKind] = Field(
        default_factory=list, max_length=5, description="Only those under a hold of one of these kinds. Default: held or not."
    )

    def scope(self, organization_id: UUID | None) -> Scope:
        """The same for the service."""
        return Scope(organization_id, self.customer, self.mode, tuple(sorted(set(self.for_holds))))


class PolicyIn(ScopeIn):
    """A policy to create, with its first version."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Sea freight", "mode": "sea", "version": _VERSION_EXAMPLE}]},
    )

    name: Name = Field(examples=["Sea freight"])
    version: VersionIn


class StepOut(StepIn):
    """One step."""

    step: int = Field(description="Its place, from 1.")


class VersionOut(BaseModel):
    """What a policy says from a day on. Never changed; a newer version takes its place."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: int = Field(examples=[2])
    effective_from: date
    enabled: bool
    basis: Basis
    calendar: str | None
    statuses: list[WatchedStatus]
    steps: list[StepOut]
    email_retries: int
    email_interval_s: int
    digest_above: int
    created_at: datetime
    created_by: str


class PolicySummary(BaseModel):
    """A policy, and what it says today."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID | None = Field(description="Null: for all organizations.")
    name: str = Field(examples=["Sea freight"])
    customer: str | None = Field(description="Null: for all customers.")
    mode: Mode | None = Field(description="Null: for all modes.")
    for_holds: list[HoldKind] = Field(description="Empty: for goods that are held or not.")
    created_at: datetime
    created_by: str
    in_force: VersionOut | None = Field(description="The version that holds today; null before the first one does.")


class PolicyOut(PolicySummary):
    """A policy with all its versions."""

    versions: list[VersionOut] = Field(description="The newest first.")


class CandidateOut(BaseModel):
    """A policy that could apply to a shipment, and why it does not."""

    policy_id: UUID
    name: str
    organization_id: UUID | None
    customer: str | None
    mode: Mode | None
    for_holds: list[HoldKind]
    version_id: UUID | None = Field(description="The version that holds on the day; null where there is none yet.")
    number: int | None
    applies: bool
    reason: str = Field(examples=["it is for another customer"])


class Effective(BaseModel):
    """Which policy applies to a shipment, and why the others do not."""

    shipment_id: UUID
    as_of: date
    policy_id: UUID | None = Field(description="Null when none applies; then no alert is raised.")
    version_id: UUID | None
    candidates: list[CandidateOut] = Field(description="The narrowest first, those for other customers last; at most 200.")
