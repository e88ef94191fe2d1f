"""Estimates of campaigns on the wire."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.campaigns.estimate import CountrySms, Estimated
from services.notifications.sms.prices import estimate, total
from shared.contracts.money import Money

_TEXTS: Final = [
    {"locale": "en", "recipients": 4000, "encoding": "gsm7", "segments": 1},
    {"locale": "hi-IN", "recipients": 1000, "encoding": "ucs2", "segments": 3},
]
_COUNTRIES: Final = [
    {
        "code": "91",
        "recipients": 4900,
        "segments": 6900,
        "price_per_1000": {"amount_minor": 16500, "currency": "INR"},
        "cost": {"amount_minor": 113850, "currency": "INR"},
    },
    {"code": "971", "recipients": 100, "segments": 100, "price_per_1000": None, "cost": None},
]
_COST: Final = {"amount_minor": 113850, "currency": "INR"}
_SMS: Final[dict[str, Any]] = {
    "texts": _TEXTS,
    "segments": 7000,
    "countries": _COUNTRIES,
    "unpriced": 100,
    "costs": [_COST],
    "cost": _COST,
}
_ESTIMATE: Final[dict[str, Any]] = {"recipients": 5000, "unreachable": 3, "suppressed": 41, "sms": _SMS}


class SmsTextOut(BaseModel):
    """An SMS of the campaign in one language."""

    locale: str
    recipients: int = Field(description="Who read it.")
    encoding: Literal["gsm7", "ucs2"]
    segments: int = Field(description="Of one SMS, as the first of them gets it.")


class SmsCountryOut(BaseModel):
    """What of the campaign goes to numbers with one beginning."""

    code: str | None = Field(
        description="What stands behind the plus: the longest that `SMS_PRICES` names, else the country code; null for neither."
    )
    recipients: int
    segments: int
    price_per_1000: Money | None = Field(description="What a thousand segments cost there; null where nobody has said.")
    cost: Money | None = Field(description="Rounded up.")

    @classmethod
    def of(cls, found: CountrySms) -> Self:
        """With its cost."""
        price = found.price_per_1000
        return cls(
            code=found.code,
            recipients=found.recipients,
            segments=found.segments,
            price_per_1000=price,
            cost=estimate(found.segments, price) if price is not None else None,
        )


class SmsEstimate(BaseModel):
    """How many segments the campaign has, where they go to, and what they cost there."""

    texts: list[SmsTextOut] = Field(description="By the languages of the recipients, the most frequent first; at most 20.")
    segments: int = Field(description="Of all SMS, if those of a language are as long as its first; others count as the longest.")
    countries: list[SmsCountryOut] = Field(description="By the beginning of the number, the most segments first.")
    unpriced: int = Field(description="Recipients whose numbers have no price: `costs` is without them.")
    costs: list[Money] = Field(description="By currency: the price of the request, else `SMS_PRICES`; the sum, rounded up.")
    cost: Money | None = Field(description="The same where it is one currency; null for none, or several.")

    @classmethod
    def of(cls, found: Estimated) -> Self | None:
        """None for e-mails."""
        if found.texts is None:
            return None
        texts = [
            SmsTextOut(locale=text.locale, recipients=text.recipients, encoding=text.one.encoding, segments=text.one.segments)
            for text in found.texts
        ]
        priced = [(one.segments, one.price_per_1000) for one in found.countries if one.price_per_1000 is not None]
        costs = total(priced)
        return cls(
            texts=texts,
            segments=found.segments,
            countries=[SmsCountryOut.of(one) for one in found.countries],
            unpriced=sum(one.recipients for one in found.countries if one.price_per_1000 is None),
            costs=costs,
            cost=costs[0] if len(costs) == 1 else None,
        )


class EstimateOut(BaseModel):
    """What a campaign would come to if it started now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ESTIMATE]})

    recipients: int = Field(description="Addresses, each once.")
    unreachable: int = Field(description="People of the list whose address is not known.")
    suppressed: int | None = Field(
        description="Of the recipients, who would get nothing; null where they are too many to look up."
    )
    sms: SmsEstimate | None
