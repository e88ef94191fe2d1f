"""Estimates of campaigns on the wire."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.campaigns.estimate import Estimated
from services.notifications.sms.prices import estimate
from shared.contracts.money import Money

_TEXTS: Final = [
    {"locale": "en", "recipients": 4000, "encoding": "gsm7", "segments": 1},
    {"locale": "hi-IN", "recipients": 1000, "encoding": "ucs2", "segments": 3},
]
_SMS: Final[dict[str, Any]] = {"texts": _TEXTS, "segments": 7000, "cost": {"amount_minor": 115500, "currency": "INR"}}
_ESTIMATE: Final[dict[str, Any]] = {"recipients": 5000, "unreachable": 3, "suppressed": 41, "sms": _SMS}


class SmsTextOut(BaseModel):
    """An SMS of the campaign in one language."""

    locale: str
    recipients: int = Field(description="Who read it.")
    encoding: Literal["gsm7", "ucs2"]
    segments: int = Field(description="Of one SMS, as the first of them gets it.")


class SmsEstimate(BaseModel):
    """How many segments the campaign has."""

    texts: list[SmsTextOut] = Field(description="By the languages of the recipients, the most frequent first; at most 20.")
    segments: int = Field(description="Of all SMS, if those of a language are as long as its first; others count as the longest.")
    cost: Money | None = Field(description="By the price of the request, rounded up.")

    @classmethod
    def of(cls, found: Estimated, price_per_1000: Money | None) -> Self | None:
        """None for e-mails."""
        if found.texts is None:
            return None
        cost = estimate(found.segments, price_per_1000) if price_per_1000 is not None else None
        texts = [
            SmsTextOut(locale=text.locale, recipients=text.recipients, encoding=text.one.encoding, segments=text.one.segments)
            for text in found.texts
        ]
        return cls(texts=texts, segments=found.segments, cost=cost)


class EstimateOut(BaseModel):
    """What a campaign would come to if it started now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ESTIMATE]})

    recipients: int = Field(description="Addresses, each once.")
    unreachable: int = Field(description="People of the list whose address is not known.")
    suppressed: int | None = Field(
        description="Of the recipients, who would get nothing; null where they are too many to look up."
    )
    sms: SmsEstimate | None
