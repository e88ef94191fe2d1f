"""Previews and test messages on the wire."""

from typing import Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from services.notifications.sms import segments
from services.notifications.sms.prices import estimate
from services.notifications.templates.models import TemplateSource
from services.notifications.templates.schemas import LOCALE
from services.notifications.templates.trials import Tried
from shared.contracts.money import Money

_SMS: Final[dict[str, Any]] = {
    "text": "MAEU1234567 is 7 days late.",
    "encoding": "gsm7",
    "units": 27,
    "segments": 1,
    "per_segment": 160,
    "remaining": 133,
    "foreign": [],
    "cost": {"amount_minor": 17, "currency": "INR"},
}


class TrialRequest(BaseModel):
    """What to render, for whom."""

    model_config = ConfigDict(extra="forbid")

    context: dict[str, JsonValue] | None = Field(default=None, description="By default the newest version's sample.")
    locale: str = Field(default="en", max_length=35, pattern=LOCALE, description="The reader's.")
    time_zone: str = Field(default="UTC", max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", description="The reader's.")
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="By default what is published.")


class PreviewRequest(TrialRequest):
    """What to render. Nothing is sent."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"locale": "de-AT", "time_zone": "Europe/Vienna", "version": None}]}
    )

    organization_id: UUID | None = Field(default=None, description="Whose override counts first.")
    sms_price_per_1000: Money | None = Field(
        default=None,
        description="What a thousand segments cost at the provider; by default by `SMS_PRICES`, in the organization's country.",
    )


class SmsPreview(BaseModel):
    """An SMS, and what a network makes of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SMS]})

    text: str
    encoding: Literal["gsm7", "ucs2"]
    units: int = Field(description="Septets of GSM 03.38, or code units of UTF-16.")
    segments: int = Field(description="What is paid for.")
    per_segment: int = Field(description="Units that fit into each.")
    remaining: int = Field(description="Units that may be added before there is one segment more.")
    foreign: list[str] = Field(description="The characters that force UCS-2.")
    cost: Money | None = Field(description="By the price of the request, else by `SMS_PRICES`, rounded up.")

    @classmethod
    def of(cls, text: str, price_per_1000: Money | None) -> "SmsPreview":
        """Of a rendered text."""
        counted = segments.count(text)
        cost = estimate(counted.segments, price_per_1000) if price_per_1000 is not None else None
        return cls(
            text=text,
            encoding=counted.encoding,
            units=counted.units,
            segments=counted.segments,
            per_segment=counted.per_segment,
            remaining=counted.remaining,
            foreign=list(counted.foreign),
            cost=cost,
        )


class PushPreview(BaseModel):
    """An item of the in-app inbox."""

    title: str
    body: str


class Preview(BaseModel):
    """What a reader would get. What the template does not have is null."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 4,
                    "locale": "en",
                    "channels": ["email", "sms", "in_app"],
                    "subject": "High: shipment MAEU1234567",
                    "text": "It is 7 days late.",
                    "html": None,
                    "sms": _SMS,
                    "push": {"title": "MAEU1234567 is late", "body": "It is 7 days late."},
                }
            ]
        }
    )

    version: int
    locale: str = Field(description="The language of the text.")
    channels: list[Literal["email", "sms", "in_app"]]
    subject: str | None
    text: str | None
    html: str | None
    sms: SmsPreview | None
    push: PushPreview | None

    @classmethod
    def of(cls, source: TemplateSource, made: Tried, price_per_1000: Money | None) -> "Preview":
        """What a template became."""
        content, push = made.content, made.push
        return cls.model_validate(
            {
                "version": source.version,
                "locale": source.locale,
                "channels": source.channels,
                "subject": content.subject if content is not None else None,
                "text": content.text if content is not None else None,
                "html": content.html if content is not None else None,
                "sms": SmsPreview.of(made.sms, price_per_1000) if made.sms is not None else None,
                "push": PushPreview(title=push.title, body=push.body) if push is not None else None,
            }
        )


class TrialSend(TrialRequest):
    """A version to be sent to one address or one number. Name either."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to_email": "asha@example.com", "locale": "hi", "version": 3}]}
    )

    to_email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    to_phone: str | None = Field(default=None, max_length=32, pattern=r"^\+?[0-9][0-9 ()./-]{5,30}$")

    @model_validator(mode="after")
    def _goes_to_one(self) -> Self:
        if (self.to_email is None) == (self.to_phone is None):
            raise ValueError("name either to_email or to_phone")
        return self


class TrialAccepted(BaseModel):
    """A test that will be sent. It ends as a delivery like any other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": "019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77", "channel": "email", "version": 3, "locale": "hi"}]
        },
        from_attributes=True,
    )

    id: UUID = Field(description="Of the delivery.")
    channel: Literal["email", "sms"]
    version: int
    locale: str = Field(description="The language of the text.")
