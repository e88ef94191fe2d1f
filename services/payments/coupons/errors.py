"""What is refused about coupons.

NotFound (404)
└── CouponNotFound
Invalid (422)
└── UnknownCoupon
Conflict (409)
├── CouponExists
├── CouponInactive
├── CouponNotYetValid
├── CouponExpired
├── CouponOfOtherCurrency
├── CouponMinimum
├── CouponUsedUp
└── CouponUsedByCustomer
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class CouponNotFound(NotFound):
    code, title = "coupon_not_found", "There is no such coupon"


class UnknownCoupon(Invalid):
    code, title = "unknown_coupon", "The coupon code is not known"


class CouponExists(Conflict):
    code, title = "coupon_exists", "There is a coupon with this code"


class CouponInactive(Conflict):
    code, title = "coupon_inactive", "The coupon has been withdrawn"


class CouponNotYetValid(Conflict):
    code, title = "coupon_not_yet_valid", "The coupon is not valid yet"


class CouponExpired(Conflict):
    code, title = "coupon_expired", "The coupon has expired"


class CouponOfOtherCurrency(Conflict):
    code, title = "coupon_of_other_currency", "The coupon is for another currency"


class CouponMinimum(Conflict):
    code, title = "coupon_minimum_not_reached", "The coupon asks for a larger order"


class CouponUsedUp(Conflict):
    code, title = "coupon_used_up", "The coupon has been used as often as it may be"


class CouponUsedByCustomer(Conflict):
    code, title = "coupon_used_by_customer", "The customer has used the coupon as often as they may"


OF_USE = (
    UnknownCoupon,
    CouponInactive,
    CouponNotYetValid,
    CouponExpired,
    CouponOfOtherCurrency,
    CouponMinimum,
    CouponUsedUp,
    CouponUsedByCustomer,
)
"""What an order may be refused for because of its coupon."""
