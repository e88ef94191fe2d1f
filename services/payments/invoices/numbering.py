"""Numbers of documents: `INV/2627/00318` is the 318th of the series INV in the year that began in April 2026.

CGST Rules, rule 46(b): consecutive, unique in a financial year, at most 16 characters, letters, digits, hyphen and slash.
"""

from datetime import date
from typing import Final

from services.payments.invoices.errors import SeriesExhausted
from services.payments.invoices.models import Number

MAX_CHARS: Final = 16
_PADDED: Final = 5


def financial_year(day: date, start_month: int) -> str:
    """The year that a day lies in: 2627 for April 2026 to March 2027, 2026 where years begin in January."""
    first = day.year if day.month >= start_month else day.year - 1
    return f"{first:04}" if start_month == 1 else f"{first % 100:02}{(first + 1) % 100:02}"


def shown(number: Number) -> str:
    """As documents show it. Raises SeriesExhausted where it would have more than 16 characters."""
    text = f"{number.series}/{number.financial_year}/{number.sequence:0{_PADDED}}"
    if len(text) > MAX_CHARS:
        raise SeriesExhausted(
            f"the series {number.series} has no number of {MAX_CHARS} characters left in this financial year; "
            "give the legal entity another prefix"
        )
    return text
