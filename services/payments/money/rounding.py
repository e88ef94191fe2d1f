"""The one rounding rule: half-up, away from zero, so that a credit note of an amount is its exact negative."""

from typing import Final

BASIS_POINTS: Final = 10_000


def divide(numerator: int, denominator: int) -> int:
    """The nearest integer to the quotient; what lies in the middle goes away from zero. Raises ZeroDivisionError."""
    doubled = abs(denominator) * 2
    magnitude = (abs(numerator) * 2 + abs(denominator)) // doubled
    return magnitude if (numerator < 0) == (denominator < 0) else -magnitude


def rate(amount_minor: int, rate_bp: int) -> int:
    """A share of an amount; 1800 basis points are 18 %."""
    return divide(amount_minor * rate_bp, BASIS_POINTS)
