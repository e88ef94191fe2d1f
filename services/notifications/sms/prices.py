"""What an SMS is expected to cost, shown before it is sent, and what its provider tells afterwards, which is the last word."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import phonenumbers

from services.notifications.sms.price_models import Price
from services.notifications.templates.currencies import decimals
from shared.contracts.money import Money

MAX_CODE_DIGITS: Final = 7
CALLING_CODES: Final = frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
"""The countries' own codes (ITU-T E.164), of which none begins with another one."""
_ENTRY: Final = re.compile(rf"\+?([1-9][0-9]{{0,{MAX_CODE_DIGITS - 1}}})=([0-9]{{1,12}}) ?([A-Z]{{3}})")
_AMOUNT: Final = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,8})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a thousand segments cost. by_code: by the beginning of the number. named: of every number, in its place."""

    by_code: Mapping[str, Money]
    named: Money | None = None

    @property
    def codes(self) -> frozenset[str]:
        """What a number may begin with: the longest that fits decides."""
        return CALLING_CODES | self.by_code.keys()

    def of(self, code: str | None) -> Money | None:
        """The price for numbers that begin so; None where the list does not say."""
        if self.named is not None or code is None:
            return self.named
        return self.by_code.get(code)

    def estimate(self, number: str, segments: int) -> Price | None:
        """What an SMS of so many segments costs. number: E.164. None where the list does not say."""
        digits = number.removeprefix("+")
        codes = (digits[:length] for length in range(MAX_CODE_DIGITS, 0, -1))
        price = self.of(next((code for code in codes if code in self.codes), None))
        if price is None:
            return None
        # The price is that of a thousand, in minor units.
        amount = Decimal(segments * price.amount_minor).scaleb(-3 - decimals(price.currency))
        return Price(amount, price.currency)


def estimate(segments: int, price_per_1000: Money) -> Money:
    """The cost of so many segments, rounded up to a whole minor unit.

    price_per_1000: what a thousand segments cost in the recipient's country, by the price list of the provider's account; a price
    of one alone is often less than a minor unit.
    """
    return Money(amount_minor=-(-segments * price_per_1000.amount_minor // 1000), currency=price_per_1000.currency)


def listed_prices(entries: Iterable[str]) -> dict[str, Money]:
    """What a thousand segments cost by the beginning of the number, written `91=16500INR`. Raises ValueError."""
    prices: dict[str, Money] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError("write `<country code>=<minor units for 1,000 segments><currency>`, such as `91=16500INR`")
        prices[match[1]] = Money(amount_minor=int(match[2]), currency=match[3])
    return prices


def total(costs: Iterable[tuple[int, Money]]) -> list[Money]:
    """What segments at their prices for 1,000 cost together, by currency: the exact sum, rounded up to a whole minor unit."""
    thousandths: dict[str, int] = {}
    for segments, price_per_1000 in costs:
        currency = price_per_1000.currency
        thousandths[currency] = thousandths.get(currency, 0) + segments * price_per_1000.amount_minor
    return [Money(amount_minor=-(-sum_ // 1000), currency=currency) for currency, sum_ in sorted(thousandths.items())]


def price_in(country: str, prices: Mapping[str, Money]) -> Money | None:
    """What a thousand segments cost there; None where the list does not say. country: ISO 3166, such as `IN`."""
    return prices.get(str(phonenumbers.country_code_for_region(country)))


def told_price(amount: Any, currency: Any) -> Price | None:
    """What a provider tells, as JSON has it; None for what is no amount of money.

    amount: a decimal number as text, to be kept to the digit; what an account is charged is negative at some. Where it is a
    number, the shortest text that means it is what was written.
    """
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        amount = format(Decimal(repr(amount)), "f")
    code = currency.upper() if isinstance(currency, str) else ""
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount) or not _CURRENCY.fullmatch(code):
        return None
    return Price(abs(Decimal(amount)), code)
