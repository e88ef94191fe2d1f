"""Plans as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.periods.models import Interval
from shared.runtime.db import Model


class Plan(Model):
    """Something that can be subscribed to. `version` rises with each version of its terms, and when it is opened or closed."""

    __tablename__ = "plans"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    code: Mapped[str]
    active: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str]


class PlanVersion(Model):
    """The terms of a plan, which subscriptions keep until somebody changes their plan. Never changed."""

    __tablename__ = "plan_versions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plans.id"))
    number: Mapped[int]
    name: Mapped[str]
    currency: Mapped[str]
    interval_unit: Mapped[Interval] = mapped_column(Text)
    interval_count: Mapped[int]
    trial_days: Mapped[int]
    min_quantity: Mapped[int]
    max_quantity: Mapped[int]
    delivers: Mapped[bool]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]

    @property
    def terms(self) -> "Terms":
        """What a period is billed by."""
        return Terms.of(self)


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What one of a plan comes to in a period, before tax. sku, capability: of what is delivered."""

    sku: str | None
    name: str
    hsn_sac: str
    quantity: int
    unit_price_minor: int
    tax_rate_bp: int
    capability: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a period is billed by."""

    id: UUID
    name: str
    currency: str
    interval: Interval
    interval_count: int
    delivers: bool
    lines: tuple[PlanLine, ...]

    @classmethod
    def of(cls, version: Any) -> Self:
        """From a row of plan_versions."""
        lines = tuple(PlanLine(**line) for line in version.lines)
        interval = Interval(version.interval_unit)
        return cls(version.id, version.name, version.currency, interval, version.interval_count, version.delivers, lines)

    @property
    def gross_minor(self) -> int:
        """What one comes to in a whole period, before tax."""
        return sum(line.quantity * line.unit_price_minor for line in self.lines)

    def same_rhythm(self, other: "Terms") -> bool:
        """Whether periods of both begin on the same days."""
        return (self.interval, self.interval_count) == (other.interval, other.interval_count)
