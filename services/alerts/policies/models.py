"""Policies as the database holds them: what each is for, and in versions what it says from which day on."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.alerts.alerts.models import Severity
from services.alerts.shipments.models import HoldKind, Mode
from shared.runtime.db import Model

Basis = Literal["calendar", "business"]
WatchedStatus = Literal["in_transit", "arrived", "customs_hold"]


class Policy(Model):
    """What a policy is for. None stands for all of them; an empty `for_holds` for goods that are held or not."""

    __tablename__ = "policies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    customer: Mapped[str | None]
    mode: Mapped[Mode | None] = mapped_column(Text)
    name: Mapped[str]
    for_holds: Mapped[list[HoldKind]] = mapped_column(ARRAY(Text))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]


class PolicyStep(Model):
    """From how many days past the ETA on an alert of which severity is due."""

    __tablename__ = "policy_version_steps"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("policy_versions.id"), primary_key=True)
    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    days_late: Mapped[int]
    severity: Mapped[Severity] = mapped_column(Text)


class PolicyVersion(Model):
    """What a policy says from the day `effective_from` on, until a newer version holds. Never changed."""

    __tablename__ = "policy_versions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID]
    number: Mapped[int]
    effective_from: Mapped[date]
    enabled: Mapped[bool]
    basis: Mapped[Basis] = mapped_column(Text)
    calendar: Mapped[str | None]
    statuses: Mapped[list[WatchedStatus]] = mapped_column(ARRAY(Text))
    email_retries: Mapped[int]
    email_interval_s: Mapped[int]
    digest_above: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    steps: Mapped[list[PolicyStep]] = relationship(lazy="raise", order_by=PolicyStep.step, viewonly=True)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes. organization_id: whose policies they see, None for everybody's. writes_defaults: those for all as well."""

    name: str
    organization_id: UUID | None
    writes_defaults: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Which shipments a policy is for. None stands for all of them. for_holds: sorted, each kind once."""

    organization_id: UUID | None
    customer: str | None
    mode: str | None
    for_holds: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        """Whether it is the scope of the policy that every other one falls back to."""
        return self == Scope(None, None, None, ())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a version that is not written yet. Its number is its place."""

    days_late: int
    severity: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a version says, checked. effective_from: None for today."""

    effective_from: date | None
    enabled: bool
    basis: Basis
    calendar: str | None
    statuses: tuple[str, ...]
    steps: tuple[Step, ...]
    email_retries: int
    email_interval_s: int
    digest_above: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy as it stands to one shipment on one day.

    number: of its version in force, None where there is none yet. The fits_ fields say whether each part of its scope is met.
    """

    policy_id: UUID
    name: str
    organization_id: UUID | None
    customer: str | None
    mode: str | None
    for_holds: list[str]
    version_id: UUID | None
    number: int | None
    enabled: bool | None
    statuses: list[str] | None
    fits_customer: bool
    fits_mode: bool
    fits_holds: bool
    fits_status: bool | None
    applies: bool


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy with this scope and content would have raised from the day `first` to the day `last`."""

    scope: Scope
    content: Content
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Counted:
    """One figure of a dry run. proposed: of the policy in question, or else of what is in force. place: for the order."""

    what: Literal["considered", "day", "severity", "customer", "shipments", "recipients", "emails", "digests"]
    proposed: bool
    key: str | None
    organization_id: UUID | None
    number: int
    place: int
