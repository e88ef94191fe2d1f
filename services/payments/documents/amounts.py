"""Amounts as columns show them: without the currency's sign, which stands in the column's heading."""

from decimal import Decimal
from typing import Final

from babel.numbers import format_decimal

from services.payments.money.currencies import exponent_of

_LAKHS: Final = "#,##,##0"
_THOUSANDS: Final = "#,##0"


def plain(amount_minor: int, currency: str) -> str:
    """12,34,567.50 for rupees, 1,234,567.50 for others."""
    places = exponent_of(currency)
    pattern = (_LAKHS if currency == "INR" else _THOUSANDS) + (f".{'0' * places}" if places else "")
    shown: str = format_decimal(Decimal(amount_minor).scaleb(-places), pattern, locale="en_IN")
    return shown


def percent(rate_bp: int) -> str:
    """18% for 1800 basis points, 0.25% for 25."""
    return f"{Decimal(rate_bp).scaleb(-2).normalize():f}%"
