"""Money as people read it."""

from decimal import Decimal
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_symbol, parse_pattern

from services.payments.money.currencies import exponent_of
from services.payments.money.errors import UnknownLocale
from shared.contracts.money import Money


def show(money: Money, locale: str = "en_IN") -> str:
    """The amount with its currency's sign, grouped as the locale does it: ₹12,34,567.50 in en_IN.

    The decimal places are those of ISO 4217 and not the locale's own idea of them, which for some currencies is none. Rupees in
    plain English are grouped as in India. Raises UnknownCurrency and UnknownLocale.
    """
    if money.currency == "INR" and locale == "en":
        locale = "en_IN"
    amount = Decimal(money.amount_minor).scaleb(-exponent_of(money.currency))
    shown: str = _pattern(locale, money.currency).apply(amount, _locale(locale), currency=money.currency, currency_digits=False)
    return shown


def known_locale(name: str) -> str:
    """The name, if formatting knows it; en_IN and en-IN are the same. Raises UnknownLocale."""
    _locale(name)
    return name


@lru_cache(maxsize=512)
def _pattern(locale: str, currency: str) -> NumberPattern:
    text: str = _locale(locale).currency_formats["standard"].pattern
    # A sign that ends in a letter stands apart from the digits (Unicode TR35, currency spacing), which babel leaves out.
    apart = get_currency_symbol(currency, _locale(locale))[-1].isalpha()
    pattern = parse_pattern(text.replace("¤#", "¤\xa0#") if apart else text)
    pattern.frac_prec = (exponent_of(currency),) * 2
    return pattern


@lru_cache(maxsize=128)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise UnknownLocale("the locale is not known; send one such as en_IN") from None
