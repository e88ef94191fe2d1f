"""How an organization's orders are matched: the weights of what counts, in versions."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

MatchesFrom = Literal["placed", "paid"]

TERMS: Final = ("price", "lead_time", "distance", "quality", "on_time", "load")
"""What a score is made of, in the order in which it is shown."""


class PolicyVersion(Model):
    """What an organization has published. Never changed; the newest number holds."""

    __tablename__ = "matching_policies"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    price_weight: Mapped[int] = mapped_column(SmallInteger)
    lead_time_weight: Mapped[int] = mapped_column(SmallInteger)
    distance_weight: Mapped[int] = mapped_column(SmallInteger)
    quality_weight: Mapped[int] = mapped_column(SmallInteger)
    on_time_weight: Mapped[int] = mapped_column(SmallInteger)
    load_weight: Mapped[int] = mapped_column(SmallInteger)
    distance_limit_km: Mapped[int]
    most_manufacturers: Mapped[int] = mapped_column(SmallInteger)
    offer_minutes: Mapped[int]
    horizon_days: Mapped[int]
    matches_from: Mapped[MatchesFrom] = mapped_column(Text)
    alert_after_hours: Mapped[int]
    alert_email: Mapped[str | None]
    time_zone: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each term counts beside the others, 0 to 100; not all of them 0."""

    price: int = 35
    lead_time: int = 15
    distance: int = 10
    quality: int = 20
    on_time: int = 15
    load: int = 5

    @property
    def total(self) -> int:
        """By which a sum of weighted terms is divided to be a score."""
        return self.price + self.lead_time + self.distance + self.quality + self.on_time + self.load


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one organization's matching. The defaults hold for those that have published nothing.

    number: of the version; 0 for the defaults. distance_limit_km: from there on, distance counts nothing. most_manufacturers:
    for one order. offer_minutes: how long an offer stands. horizon_days: how far capacity is looked for, for orders without a
    wanted date. time_zone: in which days begin.
    """

    number: int = 0
    weights: Weights = Weights()
    distance_limit_km: int = 2000
    most_manufacturers: int = 3
    offer_minutes: int = 24 * 60
    horizon_days: int = 60
    matches_from: MatchesFrom = "paid"
    alert_after_hours: int = 48
    alert_email: str | None = None
    time_zone: str = "Asia/Kolkata"


def local_day(policy: Policy, now: datetime) -> date:
    """The day that it is where the organization is."""
    return now.astimezone(ZoneInfo(policy.time_zone)).date()
