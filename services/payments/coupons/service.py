"""Coupons: written by the organization, used by its orders."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from services.payments.coupons.errors import (
    CouponExists,
    CouponExpired,
    CouponNotFound,
    CouponUsedByCustomer,
    CouponUsedUp,
    UnknownCoupon,
)
from services.payments.coupons.models import Coupon
from services.payments.coupons.repository import CouponReader, CouponRepository
from services.payments.coupons.schemas import CouponChange, CouponIn
from services.payments.coupons.terms import check_window
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7


async def coupon_of(coupons: CouponReader, coupon_id: UUID, organization_id: UUID | None) -> Coupon:
    """A coupon. Raises CouponNotFound, also for another organization's."""
    found = await coupons.find(coupon_id, organization_id)
    if found is None:
        raise _not_found()
    return found


async def usable_coupon(coupons: CouponReader, organization_id: UUID, code: str, at: datetime) -> Coupon:
    """The coupon that a customer names. Raises UnknownCoupon, and what `check_window` raises."""
    coupon = await coupons.by_code(organization_id, code)
    if coupon is None:
        raise UnknownCoupon("there is no such coupon; check the code, or order without it")
    check_window(coupon, at)
    return coupon


class Coupons:
    """Writes in one unit of work."""

    def __init__(self, coupons: CouponRepository, clock: Clock) -> None:
        self._coupons = coupons
        self._clock = clock

    async def create(self, organization_id: UUID, new: CouponIn, *, by: str) -> Coupon:
        """Raises CouponExists and CouponExpired."""
        now = self._clock()
        valid_from = new.valid_from or now
        if new.valid_until is not None and new.valid_until <= max(now, valid_from):
            raise CouponExpired("valid_until lies before the coupon's first moment; name a later one")
        values = new.model_dump() | {"valid_from": valid_from, "created_at": now, "created_by": by}
        coupon = await self._coupons.create(values | {"id": uuid7(), "organization_id": organization_id})
        if coupon is None:
            raise CouponExists("the code is taken, if only by a coupon that is over; choose another one")
        return coupon

    async def change(
        self, coupon_id: UUID, organization_id: UUID | None, change: CouponChange, check: Callable[[int], None]
    ) -> Coupon:
        """Raises CouponNotFound, CouponExpired and what `check` raises."""
        known = await self._coupons.find(coupon_id, organization_id, lock=True)
        if known is None:
            raise _not_found()
        check(known.version)
        values = {name: value for name, value in change.values().items() if value != getattr(known, name)}
        until = values.get("valid_until")
        if until is not None and until <= known.valid_from:
            raise CouponExpired("valid_until lies before the coupon's first moment; name a later one, or withdraw it")
        return await self._coupons.change(coupon_id, values) if values else known

    async def hold(self, coupon_id: UUID, customer_id: UUID) -> None:
        """Count an order as a use. Raises CouponUsedUp and CouponUsedByCustomer; then the unit of work has to be rolled back."""
        held = await self._coupons.hold(coupon_id, customer_id)
        match held:
            case "held":
                return
            case "used_up":
                raise CouponUsedUp("the coupon has been used up or withdrawn just now; order without it")
            case "used_by_customer":
                raise CouponUsedByCustomer("the customer has used the coupon as often as they may; order without it")
            case _:
                assert_never(held)

    async def release(self, uses: Sequence[tuple[UUID, UUID]]) -> None:
        """Give uses of (coupon, customer) back, because their orders are off."""
        await self._coupons.release(uses)


def _not_found() -> CouponNotFound:
    return CouponNotFound("there is no coupon with this id; GET /v1/coupons lists those that there are")
