"""Counts of raised alerts, as the database holds them and as they are read."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Severity = Literal["info", "warning", "high", "critical"]

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
"""The bounds of `day`: what lies outside is a slip of the pen."""


class AlertCount(Model):
    """How many alerts of one severity were raised for an organization on the evaluated day. There is no row for none."""

    __tablename__ = "alert_counts"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    severity: Mapped[Severity] = mapped_column(Text, primary_key=True)
    raised: Mapped[int]


@dataclass(frozen=True, slots=True)
class Raised:
    """So many alerts more of one severity, for one organization and day."""

    organization_id: UUID
    day: date
    severity: Severity
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many alerts were raised, by severity."""

    info: int = 0
    warning: int = 0
    high: int = 0
    critical: int = 0

    @property
    def total(self) -> int:
        """Of all severities."""
        return self.info + self.warning + self.high + self.critical

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.info + other.info, self.warning + other.warning, self.high + other.high, self.critical + other.critical
        )
