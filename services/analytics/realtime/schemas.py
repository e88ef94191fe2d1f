"""How the task system is doing, in figures."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from services.analytics.task_runs.schemas import Percentiles


class RealtimeOut(BaseModel):
    """Now. Rates and percentiles are of the last five minutes."""

    at: datetime
    heard_until: datetime | None = Field(description="The collector heard the workers until then.")
    is_complete: bool = Field(description="Whether every service and the broker answered.")
    per_s: float = Field(description="Messages that ended per second.")
    failed_share: float = Field(description="Of those that ended, dead letters.")
    ran: Percentiles
    waited: Percentiles
    backlog: int = Field(description="Messages that are due and not done, of all lanes; what is not known is not counted.")
    delayed: int
    oldest_s: float | None
    in_hand: int = Field(description="Deliveries that workers have in hand.")
    workers: dict[str, int] = Field(description="Workers by state.", examples=[{"up": 4, "busy": 1}])
    busiest: list[str] = Field(description="At most five lanes with a backlog, the longest first.")


class SeriesPoint(BaseModel):
    """A moment, as it was kept."""

    at: datetime
    body: dict[str, Any]


class RealtimeSeriesOut(BaseModel):
    """Now, and how it was every two minutes before."""

    now: RealtimeOut
    before: list[SeriesPoint] = Field(description="The newest first.")


class SeriesOut(BaseModel):
    """Moments as they were kept, the newest first."""

    items: list[SeriesPoint]


class HourOut(BaseModel):
    """One hour of all tasks."""

    begins_at: datetime
    done: int
    failed: int
    retried: int
    lost: int
    ran: Percentiles
    waited: Percentiles


class TopTask(BaseModel):
    """A task that stands out."""

    name: str
    figure: float


class DashboardOut(BaseModel):
    """The last day at a glance, made every five minutes."""

    at: datetime | None = Field(description="The slot that it was made for; null before the first.")
    hours: list[HourOut] = Field(description="The oldest first.")
    busiest: list[TopTask] = Field(description="By messages.")
    failing: list[TopTask] = Field(description="By the share of messages that became dead letters.")
    slowest: list[TopTask] = Field(description="By the 95th percentile of deliveries, in seconds.")
