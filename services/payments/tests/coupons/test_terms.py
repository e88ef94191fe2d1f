"""What coupons take off, to the last minor unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.coupons.errors import CouponMinimum, CouponOfOtherCurrency
from services.payments.coupons.models import Coupon
from services.payments.coupons.terms import discounts

GROSS = st.lists(st.integers(0, 10**12), min_size=1, max_size=12)


def coupon(**terms: object) -> Coupon:
    """A coupon for any order, of these terms."""
    return Coupon(**{"minimum_minor": 0, "currency": None} | terms)


@given(gross=GROSS, percent_bp=st.integers(1, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_percentage_is_rounded_once_and_split_exactly(gross: list[int], percent_bp: int) -> None:
    parts = discounts(coupon(percent_bp=percent_bp), gross, "INR")

    assert sum(parts) == (sum(gross) * percent_bp + 5000) // 10_000
    assert all(0 <= part <= whole for part, whole in zip(parts, gross, strict=True))


@given(gross=GROSS, amount=st.integers(1, 10**13))
@settings(max_examples=60, deadline=None)
def test_an_amount_is_split_exactly_and_never_more_than_the_order(gross: list[int], amount: int) -> None:
    parts = discounts(coupon(amount_minor=amount, currency="INR"), gross, "INR")

    assert sum(parts) == min(amount, sum(gross))
    assert all(0 <= part <= whole for part, whole in zip(parts, gross, strict=True))


def test_what_is_left_after_rounding_goes_to_the_largest_remainders() -> None:
    assert discounts(coupon(amount_minor=100, currency="INR"), [1000, 1000, 1000], "INR") == [34, 33, 33]


def test_a_coupon_asks_for_its_currency_and_its_minimum() -> None:
    with pytest.raises(CouponOfOtherCurrency, match="orders in INR"):
        discounts(coupon(amount_minor=1, currency="INR"), [100], "USD")
    with pytest.raises(CouponMinimum, match="at least 101"):
        discounts(coupon(percent_bp=1, currency="INR", minimum_minor=101), [100], "INR")
