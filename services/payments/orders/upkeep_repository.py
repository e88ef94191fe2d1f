"""Statements on many orders by the clock: those that can go on, that nobody pays, and that wait for their customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.orders.models import SYSTEM
from shared.runtime.db import Session

MOST_REMINDERS: Final = 3

# What has to be made waits for its maker; the rest comes from stock and waits for nothing.
_GO_ON: Final = text("""
    WITH ready AS (
        SELECT id FROM orders
         WHERE status = 'paid' AND in_payment_since IS NULL
           AND NOT EXISTS (SELECT FROM order_lines
                            WHERE order_id = orders.id AND capability IS NOT NULL AND quantity > cancelled_quantity)
         ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE orders SET status = 'in_production', version = version + 1, updated_at = :slot, changed_by = :by,
                      change_reason = 'it is paid and comes from stock', change_details = NULL
      FROM ready WHERE orders.id = ready.id
    RETURNING orders.id, organization_id, customer_id, number, orders.version
""")
# What an invoice asks for is owed by its own day.
_EXPIRE: Final = text("""
    WITH unpaid AS (
        SELECT id, coupon_held, reminders FROM orders
         WHERE status = 'placed' AND pay_until <= :slot AND paid_minor = 0 AND in_payment_since IS NULL
           AND NOT EXISTS (SELECT FROM invoices
                            WHERE order_id = orders.id AND invoices.status = 'issued' AND balance_minor > 0)
         ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), lines AS (
        UPDATE order_lines SET cancelled_quantity = quantity - fulfilled_quantity FROM unpaid WHERE order_id = unpaid.id
    )
    UPDATE orders SET status = 'cancelled', cancelled_minor = total_minor, cancelled_at = :slot, coupon_held = false,
                      remind_at = NULL, version = version + 1, updated_at = :slot, changed_by = :by,
                      change_reason = 'it was not paid in time', change_details = NULL
      FROM unpaid WHERE orders.id = unpaid.id
    RETURNING orders.id, organization_id, customer_id, number, orders.version,
              CASE WHEN unpaid.coupon_held THEN coupon_id END AS coupon_id, unpaid.reminders
""")

# The next time is set by the statement that finds one come, so a second run finds nothing.
_TAKE_WAITING: Final = text("""
    WITH due AS (
        SELECT orders.id, locale FROM orders JOIN customers ON customers.id = customer_id
         WHERE remind_at <= :slot AND status IN ('draft', 'placed', 'partially_paid') AND in_payment_since IS NULL
           AND coalesce(pay_until > :slot, true) AND erased_at IS NULL
         ORDER BY remind_at, orders.id LIMIT :limit FOR NO KEY UPDATE OF orders SKIP LOCKED
    )
    UPDATE orders SET reminders = reminders + 1,
                      remind_at = CASE WHEN reminders + 1 < :most THEN CAST(:slot AS timestamptz) + interval '24 hours' END
      FROM due WHERE orders.id = due.id
    RETURNING orders.id, organization_id, customer_id, number, status, currency, due_minor, CAST(pay_until AS date) AS pay_by,
              reminders, due.locale
""")


@dataclass(frozen=True, slots=True)
class Moved:
    """An order that has gone on or ended by the clock. coupon_id: the coupon that it does not use any more."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    number: str
    version: int
    coupon_id: UUID | None = None
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that waits for its customer, who is reminded of it for the `reminders`th time. pay_by: a day in UTC."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    number: str
    status: str
    currency: str
    due_minor: int
    pay_by: date | None
    reminders: int
    locale: str


class OrderUpkeepRepository:
    """Works in the session's unit of work, past orders that somebody else is at."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def go_on(self, slot: datetime, limit: int) -> Sequence[Moved]:
        """Let paid orders go on that need no maker; returns them."""
        rows = await self._session.execute(_GO_ON, {"slot": slot, "limit": limit, "by": SYSTEM})
        return [Moved(**row) for row in rows.mappings()]

    async def expire(self, slot: datetime, limit: int) -> Sequence[Moved]:
        """End orders that had to be paid by `slot` and have no money on them; returns them."""
        rows = await self._session.execute(_EXPIRE, {"slot": slot, "limit": limit, "by": SYSTEM})
        return [Moved(**row) for row in rows.mappings()]

    async def take_waiting(self, slot: datetime, limit: int) -> Sequence[Waiting]:
        """Orders of which the customer is to be reminded by `slot`; now they are."""
        rows = await self._session.execute(_TAKE_WAITING, {"slot": slot, "limit": limit, "most": MOST_REMINDERS})
        return [Waiting(**row) for row in rows.mappings()]
