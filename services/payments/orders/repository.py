"""Statements that read orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.orders.models import (
    Fulfilment,
    Order,
    OrderChange,
    OrderLine,
    OrderStatus,
    PaymentStatus,
    RefundPlan,
)
from services.payments.refunds.repository import PLAN_SETTLED
from shared.runtime.db import ReadSession

# What the order counts as given back is not counted again; a refund that waits for approval gives way to a cancellation.
_PROMISED: Final = text(f"""
    SELECT CAST(coalesce(sum(promised_minor), 0) AS bigint)
      FROM (SELECT refund_minor - {PLAN_SETTLED} AS promised_minor
              FROM refund_plans AS plan WHERE order_id = :order_id AND status <> 'executed'
            UNION ALL
            SELECT refunds.amount_minor FROM refunds JOIN payments ON payments.id = refunds.payment_id
             WHERE payments.order_id = :order_id AND plan_id IS NULL AND NOT from_credit
               AND refunds.status IN ('requested', 'pending')) AS promised
""")  # noqa: S608 - put together from a constant


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are meant; None for any."""

    customer_id: UUID | None = None
    status: OrderStatus | None = None
    payment_status: PaymentStatus | None = None
    number: str | None = None


class OrderReader:
    """What is read of orders. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, order_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Order | None:
        """One order; with `lock` held as it is, with its lines, until the unit of work ends."""
        query = select(Order).where(Order.id == order_id)
        if organization_id is not None:
            query = query.where(Order.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def lines(self, order_id: UUID) -> Sequence[OrderLine]:
        """What was ordered, by number."""
        query = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.number)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def of_period(self, subscription_id: UUID, period_start: date) -> Order | None:
        """The order of a subscription's period."""
        query = select(Order).where(Order.subscription_id == subscription_id, Order.period_start == period_start)
        return (await self._session.scalars(query)).one_or_none()

    async def newest(
        self, organization_id: UUID | None, meant: OrderFilter, *, after: UUID | None, limit: int
    ) -> Sequence[Order]:
        """The newest first, from after `after` on."""
        wanted = {
            Order.organization_id: organization_id,
            Order.customer_id: meant.customer_id,
            Order.status: meant.status,
            Order.payment_status: meant.payment_status,
            Order.number: meant.number,
        }
        query = select(Order).where(*(column == value for column, value in wanted.items() if value is not None))
        if after is not None:
            query = query.where(Order.id < after)
        return (await self._session.scalars(query.order_by(Order.id.desc()).limit(limit))).all()

    async def changes(self, order_id: UUID, *, before: int | None, limit: int) -> Sequence[OrderChange]:
        """What happened to an order, the newest first, from before version `before` on."""
        query = select(OrderChange).where(OrderChange.order_id == order_id)
        if before is not None:
            query = query.where(OrderChange.number < before)
        return (await self._session.scalars(query.order_by(OrderChange.number.desc()).limit(limit))).all()

    async def fulfilments(self, order_id: UUID) -> Sequence[Fulfilment]:
        """What went to the customer, the first one first."""
        query = select(Fulfilment).where(Fulfilment.order_id == order_id).order_by(Fulfilment.id)
        return (await self._session.scalars(query)).all()

    async def refund_plans(self, order_id: UUID) -> Sequence[RefundPlan]:
        """What cancellations give back, the first one first."""
        query = select(RefundPlan).where(RefundPlan.order_id == order_id).order_by(RefundPlan.id)
        return (await self._session.scalars(query)).all()

    async def promised_refunds(self, order_id: UUID) -> int:
        """What earlier cancellations and refunds beside them give back and nobody has given back yet."""
        promised: int = (await self._session.execute(_PROMISED, {"order_id": order_id})).scalar_one()
        return promised
