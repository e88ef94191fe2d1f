"""Statements on coupons."""

from collections.abc import Sequence
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.payments.coupons.models import Coupon
from shared.runtime.db import ReadSession, Session

# Conditional, so that however many orders come at once, the limits hold. What is not counted for the customer is counted for the
# coupon all the same, so whoever is told so has to roll back.
_HOLD: Final = text("""
    WITH taken AS (
        UPDATE coupons SET uses = uses + 1
         WHERE id = :coupon_id AND active AND (max_uses IS NULL OR uses < max_uses)
        RETURNING id, max_uses_per_customer
    ), counted AS (
        INSERT INTO coupon_customers AS known (coupon_id, customer_id, uses)
        SELECT id, :customer_id, 1 FROM taken
        ON CONFLICT (coupon_id, customer_id) DO UPDATE SET uses = known.uses + 1
         WHERE known.uses < coalesce((SELECT max_uses_per_customer FROM taken), 2147483647)
        RETURNING 1
    )
    SELECT CASE WHEN NOT EXISTS (SELECT FROM taken) THEN 'used_up'
                WHEN NOT EXISTS (SELECT FROM counted) THEN 'used_by_customer'
                ELSE 'held' END
""")
_RELEASE: Final = text("""
    WITH freed AS (
        SELECT coupon_id, customer_id, count(*) AS uses
          FROM unnest(CAST(:coupon_ids AS uuid[]), CAST(:customer_ids AS uuid[])) AS row(coupon_id, customer_id)
         GROUP BY coupon_id, customer_id
    ), locked AS MATERIALIZED (
        SELECT id FROM coupons WHERE id IN (SELECT coupon_id FROM freed) ORDER BY id FOR NO KEY UPDATE
    ), returned AS (
        UPDATE coupons SET uses = coupons.uses - sums.uses
          FROM (SELECT coupon_id, sum(freed.uses) AS uses FROM freed JOIN locked ON locked.id = coupon_id
                 GROUP BY coupon_id) AS sums
         WHERE coupons.id = sums.coupon_id
    )
    UPDATE coupon_customers SET uses = coupon_customers.uses - freed.uses FROM freed JOIN locked ON locked.id = freed.coupon_id
     WHERE coupon_customers.coupon_id = freed.coupon_id AND coupon_customers.customer_id = freed.customer_id
""")

Held = Literal["held", "used_up", "used_by_customer"]


class CouponReader:
    """What is read of coupons. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, coupon_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Coupon | None:
        """One coupon; with `lock` held as it is until the unit of work ends."""
        query = select(Coupon).where(Coupon.id == coupon_id)
        if organization_id is not None:
            query = query.where(Coupon.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def by_code(self, organization_id: UUID, code: str) -> Coupon | None:
        """One coupon by what customers type."""
        query = select(Coupon).where(Coupon.organization_id == organization_id, Coupon.code == code)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, organization_id: UUID | None, *, after: UUID | None, limit: int) -> Sequence[Coupon]:
        """The newest first, from after `after` on."""
        query = select(Coupon).order_by(Coupon.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Coupon.organization_id == organization_id)
        if after is not None:
            query = query.where(Coupon.id < after)
        return (await self._session.scalars(query)).all()


class CouponRepository(CouponReader):
    """What is written of coupons."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: dict[str, Any]) -> Coupon | None:
        """Write a new coupon; None where its code is taken."""
        created = insert(Coupon).values(**values, version=1, uses=0, active=True).on_conflict_do_nothing().returning(Coupon)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, coupon_id: UUID, values: dict[str, Any]) -> Coupon:
        """Write a change under the next version."""
        changed = (
            update(Coupon)
            .where(Coupon.id == coupon_id)
            .values(**values, version=Coupon.version + 1)
            .returning(Coupon)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def hold(self, coupon_id: UUID, customer_id: UUID) -> Held:
        """Count one use within the limits; other than `held`, the unit of work must not be committed."""
        held: Held = (await self._writing.execute(_HOLD, {"coupon_id": coupon_id, "customer_id": customer_id})).scalar_one()
        return held

    async def release(self, uses: Sequence[tuple[UUID, UUID]]) -> None:
        """Count these uses of (coupon, customer) no more."""
        if uses:
            coupon_ids, customer_ids = zip(*uses, strict=True)
            await self._writing.execute(_RELEASE, {"coupon_ids": list(coupon_ids), "customer_ids": list(customer_ids)})
