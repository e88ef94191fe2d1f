"""Organizations' policies on the wire."""

from typing import Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifications.categories.schemas import Title
from services.notifications.policies.models import Policy
from services.notifications.preferences.schemas import ChoiceIn, QuietHoursIn, by_key

_FACTS: Final[dict[str, Any]] = {
    "display_name": "Meridian Freight",
    "country": "IN",
    "locale": "en-IN",
    "time_zone": "Asia/Kolkata",
    "frontend_url": "https://portal.example.com",
    "quiet_hours": {"from": "21:00", "until": "08:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
    "choices": [{"category": "marketing", "channel": "sms", "choice": "off"}],
    "throttle_per_hour": 3,
    "throttle_per_day": 10,
    "dedupe_hours": 720,
    "soft_bounce_count": 5,
    "soft_bounce_days": 7,
    "soft_bounce_suppress_days": 30,
}
_SHOWN: Final = {"organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef", **_FACTS}


class PolicyFacts(BaseModel):
    """What an organization says; null leaves it to Waybill."""

    model_config = ConfigDict(extra="forbid")

    display_name: Title | None = Field(default=None, description="How mails and pages call the organization.")
    country: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", description="ISO 3166-1: whose numbers may be written without a plus."
    )
    locale: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$",
        description="Of people who have none; English by default.",
    )
    time_zone: str | None = Field(
        default=None, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", description="Of people who have none; UTC by default."
    )
    frontend_url: str | None = Field(
        default=None,
        max_length=300,
        pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
        description="Where links for customers lead, in the place of `FRONTEND_URL`.",
    )
    quiet_hours: QuietHoursIn | None = Field(default=None, description="Of people who have said nothing of their own.")
    choices: list[ChoiceIn] = Field(
        default_factory=list, max_length=600, description="What people get who have not chosen; what is left out is `on`."
    )
    throttle_per_hour: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        strict=True,
        description="Messages per recipient and category that is not transactional; no limit by default.",
    )
    throttle_per_day: int | None = Field(default=None, ge=1, le=10_000, strict=True, description="The same for 24 hours.")
    dedupe_hours: int | None = Field(
        default=None, ge=1, le=720, strict=True, description="How long a dedupe key counts; 720 by default."
    )
    soft_bounce_count: int | None = Field(
        default=None, ge=1, le=100, strict=True, description="So many soft bounces suppress an address; 5 by default."
    )
    soft_bounce_days: int | None = Field(default=None, ge=1, le=90, strict=True, description="Within so many days; 7 by default.")
    soft_bounce_suppress_days: int | None = Field(
        default=None, ge=1, le=365, strict=True, description="For so many days; 30 by default."
    )


class PolicyPut(PolicyFacts):
    """All that an organization says; what is left out is left to Waybill."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FACTS]})

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        by_key(self.choices)
        return self

    def policy(self, organization_id: UUID) -> Policy:
        """The same for the service."""
        plain = {name: getattr(self, name) for name in PolicyFacts.model_fields if name not in ("quiet_hours", "choices")}
        quiet = self.quiet_hours.hours() if self.quiet_hours is not None else None
        return Policy(organization_id=organization_id, quiet=quiet, choices=by_key(self.choices), **plain)


class PolicyOut(PolicyFacts):
    """How an organization wants its messages sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_SHOWN]})

    organization_id: UUID

    @classmethod
    def of(cls, organization_id: UUID, policy: Policy) -> "PolicyOut":
        """The same from the service."""
        plain = {name: getattr(policy, name) for name in PolicyFacts.model_fields if name not in ("quiet_hours", "choices")}
        chosen = sorted(policy.choices.items(), key=lambda item: (item[0].category, item[0].channel))
        choices = [ChoiceIn(category=key.category, channel=key.channel, choice=choice) for key, choice in chosen]
        quiet = QuietHoursIn.of(policy.quiet)
        return cls.model_validate({**plain, "organization_id": organization_id, "quiet_hours": quiet, "choices": choices})
