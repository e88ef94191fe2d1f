"""Preferences on the wire."""

from datetime import date, datetime, time
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifications.categories.models import LegalClass
from services.notifications.preferences.models import Channel, Choice, Key, QuietHours, Source

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_QUIET: Final[dict[str, Any]] = {"from": "22:00", "until": "08:00", "days": list(DAYS)}
_CHOICE: Final[dict[str, Any]] = {"category": "marketing", "channel": "email", "choice": "off"}
_SHOWN: Final[dict[str, Any]] = {
    "reference": "payments.customer:42",
    "categories": [
        {
            "name": "marketing",
            "title": "Offers and news",
            "legal_class": "marketing",
            "locked": False,
            "channels": [
                {"channel": "email", "choice": "off", "chosen_by": "person"},
                {"channel": "sms", "choice": "on", "chosen_by": "waybill"},
                {"channel": "in_app", "choice": "on", "chosen_by": "waybill"},
            ],
        }
    ],
    "quiet_hours": _QUIET,
    "paused_until": None,
    "time_zone": "Asia/Kolkata",
}
_CHANGE: Final[dict[str, Any]] = {
    "what": "choice",
    "category": "marketing",
    "channel": "email",
    "before": None,
    "after": "off",
    "source": "one_click",
    "actor": "recipient",
    "key_id": "k1",
    "changed_at": "2026-11-20T06:00:00.120000Z",
}


class QuietHoursIn(BaseModel):
    """Between these hours nothing is sent but what is urgent or about the account; it waits until they end."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, json_schema_extra={"examples": [_QUIET]})

    begin: str = Field(alias="from", pattern=_CLOCK, description="Where the person is; the same as `until` for a whole day.")
    until: str = Field(pattern=_CLOCK, description="On the next day, where it is not later than `from`.")
    days: list[Day] = Field(max_length=7, description="On which days they begin; an empty list for no quiet hours at all.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.hours().endless:
            raise ValueError("quiet hours that never end hold everything for ever; leave out a day, or let them end")
        return self

    def hours(self) -> QuietHours:
        """The same for the service."""
        return QuietHours(_time(self.begin), _time(self.until), frozenset(DAYS.index(day) + 1 for day in self.days))

    @classmethod
    def of(cls, hours: QuietHours | None) -> "QuietHoursIn | None":
        """The same from the service."""
        if hours is None:
            return None
        days = [DAYS[number - 1] for number in sorted(hours.days)]
        return cls.model_validate({"from": f"{hours.begin:%H:%M}", "until": f"{hours.end:%H:%M}", "days": days})


class ChoiceIn(BaseModel):
    """What is wanted of one category over one channel."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CHOICE]})

    category: str = Field(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")
    channel: Channel
    choice: Choice = Field(description="`hourly`, `daily` and `weekly` collect e-mails into a summary.")


def by_key(choices: list[ChoiceIn]) -> dict[Key, Choice]:
    """Choices for the service. Raises ValueError where one stands twice."""
    keys = [Key(one.category, one.channel) for one in choices]
    if len(set(keys)) < len(keys):
        raise ValueError("each category and channel may stand once")
    return {key: one.choice for key, one in zip(keys, choices, strict=True)}


class PreferencesPut(BaseModel):
    """All that a person has chosen; what is left out is the organization's choice again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"choices": [_CHOICE], "quiet_hours": _QUIET, "paused_until": None}]}
    )

    choices: list[ChoiceIn] = Field(default_factory=list, max_length=600)
    quiet_hours: QuietHoursIn | None = Field(default=None, description="Null for the organization's.")
    paused_until: date | None = Field(
        default=None, description="Nothing before this day begins where the person is; 30 days ahead at most."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        by_key(self.choices)
        return self


class ChannelOut(BaseModel):
    """What is sent over one channel."""

    model_config = ConfigDict(from_attributes=True)

    channel: Channel
    choice: Choice
    chosen_by: Literal["person", "organization", "waybill"]


class CategoryPreferences(BaseModel):
    """What is sent of one category."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    title: str
    legal_class: LegalClass
    locked: bool = Field(description="Whether it cannot be declined.")
    channels: list[ChannelOut]


class PreferencesOut(BaseModel):
    """What a person gets, and when."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    reference: str
    categories: list[CategoryPreferences]
    quiet_hours: QuietHoursIn | None = Field(description="The person's own; null for the organization's.")
    paused_until: date | None
    time_zone: str = Field(description="In which these hours are: the person's, the organization's, or UTC.")


class ChangeOut(BaseModel):
    """One line of the history."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CHANGE]})

    what: Literal["choice", "quiet_hours", "paused_until"]
    category: str | None
    channel: str | None
    before: str | None = Field(description="Null for what was left to the organization.")
    after: str | None
    source: Source
    actor: str = Field(description="Whose token it was; `recipient` for links in messages.")
    key_id: str | None = Field(description="Of the key that had signed the link.")
    changed_at: datetime


def _time(text: str) -> time:
    return time.fromisoformat(text)
