"""The figures of a report: everything that its files say, and nothing else. Frozen as JSON, by which they are hashed."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class DayFigure(_Frozen):
    """A figure of one day."""

    day: date
    value: int | float | None
    n: int


class PartFigures(_Frozen):
    """The figures of one part of a KPI, such as a currency. before: of as many days right before."""

    dimension: str
    value: int | float | None
    n: int
    before: int | float | None
    is_on_target: bool | None
    days: tuple[DayFigure, ...]


class KpiFigures(_Frozen):
    """A KPI, as it was described when the report was made."""

    key: str
    title: str
    area: str
    owner: str
    unit: str
    formula: str
    by: str | None
    target: str | None
    parts: tuple[PartFigures, ...]


class PeopleFigures(_Frozen):
    """How people stand."""

    as_of: datetime | None
    users: int
    active_today: int
    active_7_days: int
    active_30_days: int
    low_risk: int
    medium_risk: int
    high_risk: int


class Figures(_Frozen):
    """All of them. rolled_as_of: what had come by then is counted."""

    kind: Literal["daily", "range"]
    organization_id: UUID | None
    first: date
    last: date
    as_of: datetime
    rolled_as_of: datetime | None
    kpis: tuple[KpiFigures, ...]
    people: PeopleFigures

    @property
    def title(self) -> str:
        """What stands above it."""
        return "Daily report" if self.kind == "daily" else "Report"

    @property
    def period(self) -> str:
        """Which days it is about."""
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
