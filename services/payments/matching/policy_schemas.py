"""Shapes of matching policies."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.payments.matching.policy_models import TERMS, MatchesFrom, Policy, Weights
from shared.contracts.notifications.fields import Email


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no name of the IANA time zone database like Asia/Kolkata")
    return name


Weight = Annotated[int, Field(strict=True, ge=0, le=100)]


class WeightsIn(BaseModel):
    """How much each term of a score counts beside the others. What is left out counts nothing."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    price: Weight = Field(default=0, description="A low unit price.", examples=[35])
    lead_time: Weight = Field(default=0, description="Days left before the wanted date.", examples=[15])
    distance: Weight = Field(default=0, description="A short way to where it is delivered.", examples=[10])
    quality: Weight = Field(default=0, description="Units that were good in the past.", examples=[20])
    on_time: Weight = Field(default=0, description="Past deliveries that came in time.", examples=[15])
    load: Weight = Field(default=0, description="Free capacity, so that work is spread.", examples=[5])

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if not any(getattr(self, term) for term in TERMS):
            raise ValueError("at least one weight must be more than 0")
        return self

    def weights(self) -> Weights:
        """The same for scores."""
        return Weights(**self.model_dump())


class PolicyIn(BaseModel):
    """What is to hold from now on."""

    model_config = ConfigDict(extra="forbid")

    weights: WeightsIn
    distance_limit_km: int = Field(
        default=2000, strict=True, ge=1, le=20_040, description="From there on, distance counts nothing."
    )
    most_manufacturers: int = Field(default=3, strict=True, ge=1, le=3, description="Among whom an order is divided at most.")
    offer_minutes: int = Field(default=1440, strict=True, ge=5, le=43_200, description="How long an offer stands.")
    horizon_days: int = Field(
        default=60, strict=True, ge=1, le=365, description="How far capacity is looked for, for orders without a wanted date."
    )
    matches_from: MatchesFrom = Field(default="paid", description="Whether orders wait to be paid before they are matched.")
    alert_after_hours: int = Field(
        default=48, strict=True, ge=1, le=8760, description="How long an order may wait until somebody is told."
    )
    alert_email: Email | None = Field(default=None, description="Who is told; null: it stands in the log alone.")
    time_zone: Annotated[str, Field(max_length=100), AfterValidator(_known_zone)] = "Asia/Kolkata"

    def policy(self, number: int) -> Policy:
        """The same as a version."""
        return Policy(number=number, weights=self.weights.weights(), **self.model_dump(exclude={"weights"}))


class PolicyOut(BaseModel):
    """What holds, or has held."""

    number: int = Field(description="Of the version, and the entity tag's; 0: the built-in one, nothing was published.")
    weights: WeightsIn
    distance_limit_km: int
    most_manufacturers: int
    offer_minutes: int
    horizon_days: int
    matches_from: MatchesFrom
    alert_after_hours: int
    alert_email: str | None
    time_zone: str

    @classmethod
    def of(cls, policy: Policy) -> "PolicyOut":
        """What a policy says."""
        plain = {name: getattr(policy, name) for name in policy.__slots__ if name != "weights"}
        return cls(**plain, weights=WeightsIn.model_validate(policy.weights))


class PolicyVersionOut(PolicyOut):
    """A version, and who has published it."""

    organization_id: UUID
    published_at: datetime
    published_by: str
