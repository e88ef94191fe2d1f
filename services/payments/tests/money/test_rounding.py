"""The rounding rule and shares of amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.money.rounding import divide, rate

AMOUNTS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [(5, 2, 3), (-5, 2, -3), (5, -2, -3), (7, 3, 2), (8, 3, 3), (0, 7, 0), (1, 2, 1), (-1, 2, -1), (49, 100, 0), (50, 100, 1)],
)
def test_middle_goes_away_from_zero(numerator: int, denominator: int, quotient: int) -> None:
    assert divide(numerator, denominator) == quotient


@given(AMOUNTS, st.integers(1, 10**6))
def test_rounding_is_symmetric_and_off_by_half_a_unit_at_most(numerator: int, denominator: int) -> None:
    quotient = divide(numerator, denominator)

    assert divide(-numerator, denominator) == -quotient == divide(numerator, -denominator)
    assert abs(2 * (quotient * denominator - numerator)) <= denominator


@pytest.mark.parametrize(
    ("amount", "rate_bp", "share"), [(1000, 1800, 180), (25, 1800, 5), (999, 25, 2), (200, 25, 1), (199, 25, 0)]
)
def test_rates_are_basis_points(amount: int, rate_bp: int, share: int) -> None:
    assert rate(amount, rate_bp) == share


def test_division_by_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
