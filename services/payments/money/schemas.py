"""Money in requests: what is refused here is refused with a place in the body, and stands in the API's documentation."""

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from services.payments.money.currencies import EXPONENTS, MAX_AMOUNT_MINOR
from shared.contracts.money import AmountMinor, Money


def _known(code: str) -> str:
    if code not in EXPONENTS:
        raise ValueError("not a currency of ISO 4217 that has a minor unit; send a code such as INR")
    return code


CurrencyCode = Annotated[
    str,
    AfterValidator(_known),
    WithJsonSchema({"type": "string", "enum": sorted(EXPONENTS), "description": "ISO 4217.", "examples": ["INR"]}),
]
"""A currency that has a minor unit."""

PositiveMinor = Annotated[AmountMinor, Field(gt=0, le=MAX_AMOUNT_MINOR, examples=[125000])]
"""An amount in minor units, where the currency is known from elsewhere."""

NonNegativeMinor = Annotated[AmountMinor, Field(ge=0, le=MAX_AMOUNT_MINOR, examples=[125000])]
"""The same, or nothing at all: a price, a discount."""


class PositiveMoney(Money):
    """An amount that can be paid: at least one minor unit, at most 10^15 of them, in a currency of ISO 4217."""

    amount_minor: PositiveMinor
    currency: CurrencyCode


class NonNegativeMoney(Money):
    """An amount that may be nothing: a price, a discount."""

    amount_minor: NonNegativeMinor
    currency: CurrencyCode
