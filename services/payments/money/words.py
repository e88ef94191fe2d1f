"""Amounts in words, as invoices in India end with: counted in thousands, lakhs and crores, whatever the currency."""

from collections.abc import Iterator
from typing import Final

from babel.numbers import get_currency_name

from services.payments.money.currencies import exponent_of
from shared.contracts.money import Money

_ONES: Final = (
    *("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"),
    *("Ten", "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"),
)
_TENS: Final = ("Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety")
_CRORE: Final = 10_000_000
_SCALES: Final = ((100_000, "Lakh"), (1000, "Thousand"), (100, "Hundred"))

# English, one and many. babel names currencies and not their minor units; those that are not here are written as a fraction.
_RUPEES: Final = ("Rupee", "Rupees")
_MINOR_UNITS: Final = {
    "AED": ("Fils", "Fils"),
    "AUD": ("Cent", "Cents"),
    "BDT": ("Poisha", "Poisha"),
    "BHD": ("Fils", "Fils"),
    "CAD": ("Cent", "Cents"),
    "CHF": ("Centime", "Centimes"),
    "CNY": ("Fen", "Fen"),
    "EUR": ("Cent", "Cents"),
    "GBP": ("Penny", "Pence"),
    "HKD": ("Cent", "Cents"),
    "INR": ("Paisa", "Paise"),
    "KWD": ("Fils", "Fils"),
    "LKR": ("Cent", "Cents"),
    "NPR": ("Paisa", "Paise"),
    "OMR": ("Baisa", "Baisa"),
    "QAR": ("Dirham", "Dirhams"),
    "SAR": ("Halala", "Halalas"),
    "SGD": ("Cent", "Cents"),
    "USD": ("Cent", "Cents"),
}


def in_words(money: Money) -> str:
    """For example `Rupees One Lakh Twenty Thousand and Fifty Paise Only`, `US Dollars Twelve Only`. Raises UnknownCurrency."""
    base = 10 ** exponent_of(money.currency)
    whole, rest = divmod(abs(money.amount_minor), base)
    sign = "Minus " if money.amount_minor < 0 else ""
    return f"{sign}{_currency(money.currency, whole)} {' '.join(_number(whole))}{_minor(money.currency, rest, base)} Only"


def _minor(currency: str, rest: int, base: int) -> str:
    if rest == 0:
        return ""
    names = _MINOR_UNITS.get(currency)
    return f" and {' '.join(_number(rest))} {names[rest != 1]}" if names else f" and {rest}/{base}"


def _currency(code: str, count: int) -> str:
    if code == "INR":
        return _RUPEES[count != 1]
    name = get_currency_name(code, count=count, locale="en")
    return " ".join(word[0].upper() + word[1:] for word in name.split())


def _number(count: int) -> Iterator[str]:
    if count >= _CRORE:
        yield from _number(count // _CRORE)
        yield "Crore"
        count %= _CRORE
        if count == 0:
            return
    for scale, name in _SCALES:
        if count >= scale:
            yield f"{_below_hundred(count // scale)} {name}"
            count %= scale
            if count == 0:
                return
    yield _below_hundred(count)


def _below_hundred(count: int) -> str:
    if count < len(_ONES):
        return _ONES[count]
    tens, ones = divmod(count, 10)
    return f"{_TENS[tens - 2]}-{_ONES[ones]}" if ones else _TENS[tens - 2]
