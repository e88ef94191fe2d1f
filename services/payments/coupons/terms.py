"""What a coupon takes off, and when it does not."""

from collections.abc import Sequence
from datetime import datetime

from services.payments.coupons.errors import (
    CouponExpired,
    CouponInactive,
    CouponMinimum,
    CouponNotYetValid,
    CouponOfOtherCurrency,
)
from services.payments.coupons.models import Coupon
from services.payments.money.allocation import allocate
from services.payments.money.rounding import rate


def check_window(coupon: Coupon, at: datetime) -> None:
    """Raises CouponInactive, CouponNotYetValid and CouponExpired."""
    if not coupon.active:
        raise CouponInactive("the coupon has been withdrawn; order without it")
    if at < coupon.valid_from:
        raise CouponNotYetValid(f"the coupon is valid from {coupon.valid_from:%Y-%m-%d %H:%M} UTC on; order without it")
    if coupon.valid_until is not None and at >= coupon.valid_until:
        raise CouponExpired(f"the coupon was valid until {coupon.valid_until:%Y-%m-%d %H:%M} UTC; order without it")


def discounts(coupon: Coupon, gross_minor: Sequence[int], currency: str) -> list[int]:
    """What it takes off lines of these prices before tax, line by line; the parts sum to the discount exactly.

    A fixed amount is never more than all lines together. Raises CouponOfOtherCurrency and CouponMinimum.
    """
    subtotal = sum(gross_minor)
    if coupon.currency not in (None, currency):
        raise CouponOfOtherCurrency(f"the coupon is for orders in {coupon.currency}; order without it")
    if subtotal < coupon.minimum_minor:
        raise CouponMinimum(
            f"the coupon asks for at least {coupon.minimum_minor} minor units before tax; order more, or without it",
            minimum_minor=coupon.minimum_minor,
        )
    if coupon.percent_bp is not None:
        return allocate(rate(subtotal, coupon.percent_bp), gross_minor)
    assert coupon.amount_minor is not None, "a constraint of the table"
    return allocate(min(coupon.amount_minor, subtotal), gross_minor)
