"""How people stand, as the database holds it."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Risk = Literal["low", "medium", "high"]


class UserFeatures(Model):
    """How engaged somebody is who was there in the last 90 days."""

    __tablename__ = "user_features"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    last_day: Mapped[date]
    silent_days: Mapped[int]
    active_days_30: Mapped[int]
    events_30: Mapped[int]
    kinds_30: Mapped[int]
    usual_gap_days: Mapped[Decimal | None]
    engagement: Mapped[int]
    recency_points: Mapped[int]
    frequency_points: Mapped[int]
    breadth_points: Mapped[int]
    churn_risk: Mapped[Risk]
    explanation: Mapped[str]
