"""Statements on customers."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, text, update

from services.payments.customers.models import ERASED_NAME, Customer
from shared.runtime.db import ReadSession, Session

_OPEN_ORDERS: Final = text("""
    SELECT count(*) FROM orders WHERE customer_id = :customer_id AND status NOT IN ('draft', 'fulfilled', 'cancelled')
""")

# Where an order went is personal; to which state it went is on the tax returns. Carts are nobody's record.
_ERASE: Final = text("""
    WITH gone AS (
        DELETE FROM carts WHERE customer_id = :customer_id AND NOT EXISTS (SELECT FROM orders WHERE cart_id = carts.id)
        RETURNING id, abandoned_step
    ), undelivered AS (
        UPDATE orders SET delivery = jsonb_build_object('state_code', delivery -> 'state_code') WHERE customer_id = :customer_id
    ), erased AS (
        UPDATE customers SET name = :name, email = NULL, phone = NULL, address = NULL, version = version + 1, updated_at = :now,
                             erased_at = :now
         WHERE id = :customer_id
    )
    SELECT id FROM gone WHERE abandoned_step > 0 ORDER BY id
""")

Hold = Literal["known", "unchanged", "alone"]
"""known: nobody erases them meanwhile. unchanged: nobody changes them. alone: nobody orders for them either."""


# Read with every order and shown by itself: to put the statement together takes as long as to carry it out.
@cache
def _one(of_tenant: bool, hold: Hold | None) -> Select[Customer]:
    query = select(Customer).where(Customer.id == bindparam("customer_id"))
    if of_tenant:
        query = query.where(Customer.organization_id == bindparam("organization_id"))
    if hold is not None:
        query = query.with_for_update(read=hold == "known", key_share=hold != "alone")
    return query.execution_options(populate_existing=True)


class CustomerReader:
    """What is read of customers. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, customer_id: UUID, organization_id: UUID | None, *, hold: Hold | None = None) -> Customer | None:
        """One customer, erased or not; with `hold` held until the unit of work ends."""
        bound = {"customer_id": customer_id, "organization_id": organization_id}
        return (await self._session.scalars(_one(organization_id is not None, hold), bound)).one_or_none()

    async def newest(
        self, organization_id: UUID | None, *, email: str | None, after: UUID | None, limit: int
    ) -> Sequence[Customer]:
        """The newest first, from after `after` on. E-mail without regard to case."""
        query = select(Customer).order_by(Customer.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Customer.organization_id == organization_id)
        if email is not None:
            query = query.where(func.lower(Customer.email) == func.lower(email))
        if after is not None:
            query = query.where(Customer.id < after)
        return (await self._session.scalars(query)).all()


class CustomerRepository(CustomerReader):
    """What is written of customers."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: dict[str, Any], now: datetime) -> Customer:
        """Write a new customer."""
        created = Customer(**values, version=1, created_at=now, updated_at=now, erased_at=None)
        self._writing.add(created)
        await self._writing.flush()
        return created

    async def change(self, customer_id: UUID, values: dict[str, Any], now: datetime) -> Customer:
        """Write a change under the next version."""
        changed = (
            update(Customer)
            .where(Customer.id == customer_id)
            .values(**values, version=Customer.version + 1, updated_at=now)
            .returning(Customer)
            .execution_options(populate_existing=True)
        )
        return (await self._writing.scalars(changed)).one()

    async def open_orders(self, customer_id: UUID) -> int:
        """How many orders of theirs have still to be paid or delivered."""
        count: int = (await self._writing.execute(_OPEN_ORDERS, {"customer_id": customer_id})).scalar_one()
        return count

    async def erase(self, customer_id: UUID, now: datetime) -> list[UUID]:
        """Forget everything personal, and drop their carts; returns those that the customer was reminded of."""
        rows = await self._writing.execute(_ERASE, {"customer_id": customer_id, "name": ERASED_NAME, "now": now})
        return list(rows.scalars())
