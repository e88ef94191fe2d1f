"""Shapes of KPIs."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.analytics.kpis.catalogue_models import Area, Kpi, Target, Unit
from services.analytics.kpis.range_models import Grain


class FreshnessOut(BaseModel):
    """How old a figure is."""

    as_of: datetime | None = Field(description="What had come by then is counted; null before anything was.")
    age_s: float | None
    within_s: int = Field(description="How old it may be.")
    is_fresh: bool


class TargetOut(BaseModel):
    """What a figure should be."""

    direction: Literal["at_least", "at_most"]
    value: float

    @classmethod
    def of(cls, target: Target | None) -> Self | None:
        """As it is shown."""
        return cls(direction=target.direction, value=target.value) if target is not None else None


class KpiOut(BaseModel):
    """What a KPI means."""

    key: str = Field(examples=["orders.value"])
    title: str
    area: Area
    owner: str = Field(description="Who answers for it.")
    unit: Unit
    formula: str = Field(description="Over series of `/v1/event-names`.", examples=["sum(payments.order_placed:value)"])
    by: str | None = Field(description="What its parts are, where it has several.", examples=["currency"])
    target: TargetOut | None

    @classmethod
    def of(cls, kpi: Kpi) -> Self:
        """As it is shown."""
        return cls(
            key=kpi.key,
            title=kpi.title,
            area=kpi.area,
            owner=kpi.owner,
            unit=kpi.unit,
            formula=str(kpi.formula),
            by=kpi.by,
            target=TargetOut.of(kpi.target),
        )


class DayValueOut(BaseModel):
    """A figure of a whole day, as it was worked out last."""

    day: date
    dimension: str = Field(description="Which part; empty where there is one alone.")
    value: float | None
    n: int = Field(description="Of how many events.")
    is_on_target: bool | None
    computed_at: datetime


class KpiListed(KpiOut):
    """A KPI with its figures of the last day that was worked out."""

    last: list[DayValueOut]


class KpisOut(BaseModel):
    """The catalogue."""

    freshness: FreshnessOut
    kpis: list[KpiListed]


class PointOut(BaseModel):
    """A figure of a step."""

    at: datetime = Field(description="When the step begins.")
    value: int | float | None = Field(description="Null where nothing has happened that it could be of.")
    n: int = Field(description="Of how many events.")


class PartOut(BaseModel):
    """The figures of one part, such as a currency."""

    dimension: str
    whole: PointOut = Field(description="Of the whole range, and not the sum or mean of its steps.")
    is_on_target: bool | None
    points: list[PointOut]


class KpiValuesOut(KpiOut):
    """A KPI over a range of days."""

    organization_id: UUID | None
    grain: Grain
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    freshness: FreshnessOut
    parts: list[PartOut]


class SeriesPointOut(BaseModel):
    """What was counted of a series in a step."""

    at: datetime
    n: int
    total: int
    lowest: int | None
    highest: int | None
    p50: float | None
    p95: float | None
    p99: float | None


class SeriesPartOut(BaseModel):
    """What was counted of one part of a series."""

    dimension: str
    points: list[SeriesPointOut]


class SeriesOut(BaseModel):
    """A series over a range of days. Steps without anything are left out."""

    series: str
    organization_id: UUID | None
    grain: Grain
    freshness: FreshnessOut
    parts: list[SeriesPartOut]
