"""Money in requests: what is refused here is refused with a place in the body, and stands in the API's documentation."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from services.payments.money.currencies import EXPONENTS, MAX_AMOUNT_MINOR
from shared.contracts.money import NEVER_A_FLOAT, AmountMinor, Money


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


class AskedMoney(Money):
    """An amount of a request, which is told of amount_minor where it is written as in other systems."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_bare_amount(cls, value: Any) -> Any:
        if isinstance(value, int | float | str):
            raise ValueError(f"{NEVER_A_FLOAT}, beside its currency")
        if isinstance(value, dict) and "amount" in value and "amount_minor" not in value:
            raise ValueError(f"{NEVER_A_FLOAT}, in the place of amount")
        return value


class PositiveMoney(AskedMoney):
    """An amount that can be paid: at least one minor unit, at most 10^15 of them, in a currency of ISO 4217."""

    amount_minor: PositiveMinor
    currency: CurrencyCode


class NonNegativeMoney(AskedMoney):
    """An amount that may be nothing: a price, a discount."""

    amount_minor: NonNegativeMinor
    currency: CurrencyCode
