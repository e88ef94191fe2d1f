"""Money as people read it."""

import pytest

from services.payments.money.errors import UnknownCurrency, UnknownLocale
from services.payments.money.formatting import known_locale, show
from shared.contracts.money import Money


@pytest.mark.parametrize(
    ("amount_minor", "currency", "locale", "shown"),
    [
        (123456750, "INR", "en_IN", "₹12,34,567.50"),
        (10**15, "INR", "en_IN", "₹1,00,00,00,00,00,000.00"),
        (-5, "INR", "en_IN", "-₹0.05"),
        (123456750, "INR", "hi-IN", "₹12,34,567.50"),
        (123456750, "INR", "en", "₹12,34,567.50"),
        (123456750, "INR", "en_US", "₹1,234,567.50"),
        (123456750, "USD", "en_US", "$1,234,567.50"),
        (123456750, "EUR", "de_DE", "1.234.567,50\xa0€"),
        (1234567, "JPY", "en_US", "¥1,234,567"),
        (1234567, "KWD", "en_US", "KWD\xa01,234.567"),
        (12345, "CLF", "en_US", "CLF\xa01.2345"),
        # The locale data has no decimal places for these; ISO 4217 has.
        (123456, "LBP", "en_US", "LBP\xa01,234.56"),
        (123456, "IQD", "en_US", "IQD\xa0123.456"),
    ],
)
def test_amount_is_shown_with_the_decimal_places_of_its_currency(
    amount_minor: int, currency: str, locale: str, shown: str
) -> None:
    assert show(Money(amount_minor=amount_minor, currency=currency), locale) == shown


def test_rupees_in_india_are_what_is_meant_without_a_locale() -> None:
    assert show(Money(amount_minor=100000, currency="INR")) == "₹1,000.00"


@pytest.mark.parametrize("currency", ["ABC", "XAU", "XXX"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency, match="send one such as INR"):
        show(Money(amount_minor=1, currency=currency))


@pytest.mark.parametrize("locale", ["", "xx_YY", "../../etc/passwd", "english", "en_IN_" * 50])
def test_unknown_locale_is_refused(locale: str) -> None:
    with pytest.raises(UnknownLocale):
        show(Money(amount_minor=1, currency="INR"), locale)
    assert known_locale("en-IN") == "en-IN"
