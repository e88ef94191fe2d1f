"""Shapes of what people do."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.behavior.models import Risk
from services.analytics.behavior.repository import CohortGrain


class BehaviorFreshness(BaseModel):
    """How old these figures are. They are worked out every six hours."""

    as_of: datetime | None
    computed_at: datetime | None
    age_s: float | None
    within_s: int
    is_fresh: bool


class RisksOut(BaseModel):
    """How many may not come again, by how likely that is."""

    low: int
    medium: int
    high: int


class BehaviorOut(BaseModel):
    """How people stand who were there in the last 90 days."""

    freshness: BehaviorFreshness
    users: int
    active_today: int
    active_7_days: int
    active_30_days: int
    stickiness: float | None = Field(description="Of the last 30 days, on what share an active person was there.")
    engagement: float | None = Field(description="The mean score, 0 to 100.")
    churn_risk: RisksOut


class UserOut(BaseModel):
    """How somebody stands. engagement is the sum of the three kinds of points."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    user_id: str
    last_day: date
    silent_days: int
    active_days_30: int
    events_30: int
    kinds_30: int = Field(description="How many kinds of events.")
    usual_gap_days: float | None = Field(description="Null for those who were there on one day alone.")
    engagement: int = Field(description="0 to 100.")
    recency_points: int = Field(description="40 today, less each day, 0 after 30.")
    frequency_points: int = Field(description="40 for 20 or more of the last 30 days.")
    breadth_points: int = Field(description="20 for 8 or more kinds of events.")
    churn_risk: Risk = Field(
        description="`low` up to twice the usual gap, `medium` up to four times; for one day alone up to 7 and 30 days."
    )
    explanation: str


class FunnelStepOut(BaseModel):
    """How many have come to a step."""

    name: str
    users: int
    share_of_first: float | None
    share_of_previous: float | None
    median_s: float | None = Field(description="In how many seconds since the first step half of them did.")


class FunnelOut(BaseModel):
    """How many go how far."""

    freshness: BehaviorFreshness
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    within_days: int
    steps: list[FunnelStepOut]


class RetainedOut(BaseModel):
    """How many of a cohort were there so many steps later."""

    periods: int
    users: int
    share: float


class CohortOut(BaseModel):
    """Those who came first in one step."""

    began: date
    users: int
    retained: list[RetainedOut] = Field(description="Steps that are not over are left out, but for the current one.")


class RetentionOut(BaseModel):
    """How many come again."""

    freshness: BehaviorFreshness
    grain: CohortGrain
    cohorts: list[CohortOut]
