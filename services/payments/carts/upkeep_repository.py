"""Statements on many carts: those that were left, and those that were left for too long."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.carts.models import Abandoned
from shared.runtime.db import Session

_UNLOCK: Final = text("""
    UPDATE carts SET status = 'active', locked_until = NULL, version = version + 1
     WHERE id IN (SELECT id FROM carts WHERE status = 'locked' AND locked_until <= :slot
                   ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
""")

# The step is set by the statement that finds it due, so a second run finds nothing. After an outage of days a cart has one step
# left to come, not three.
_TAKE_ABANDONED: Final = text("""
    WITH due AS (
        SELECT carts.id, CASE WHEN carts.updated_at <= CAST(:slot AS timestamptz) - interval '72 hours' THEN 3
                              WHEN carts.updated_at <= CAST(:slot AS timestamptz) - interval '24 hours' THEN 2
                              ELSE 1 END AS step
          FROM carts
         WHERE status = 'active' AND customer_id IS NOT NULL AND abandoned_step < 3
           AND updated_at <= CAST(:slot AS timestamptz) - CASE abandoned_step WHEN 0 THEN interval '1 hour'
                                                           WHEN 1 THEN interval '24 hours' ELSE interval '72 hours' END
           AND updated_at > CAST(:slot AS timestamptz) - interval '7 days'
           AND EXISTS (SELECT FROM cart_items WHERE cart_id = carts.id)
         ORDER BY updated_at, carts.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE carts SET abandoned_step = due.step FROM due WHERE carts.id = due.id
        RETURNING carts.id, organization_id, customer_id, version, due.step, currency
    )
    SELECT taken.*, sums.items, sums.subtotal_minor
      FROM taken, LATERAL (SELECT count(*) AS items, CAST(sum(quantity * unit_price_minor) AS bigint) AS subtotal_minor
                             FROM cart_items WHERE cart_id = taken.id) AS sums
     ORDER BY taken.id
""")

# What is being paid, or has become an order that is not finished, or that was cancelled and not given back yet, has money on it.
_CLEAN: Final = text("""
    WITH old AS (
        SELECT carts.id FROM carts
         WHERE updated_at < :before
           AND (status <> 'locked' OR locked_until <= :slot)
           AND NOT EXISTS (SELECT FROM orders
                            WHERE cart_id = carts.id AND (orders.status NOT IN ('fulfilled', 'cancelled')
                                                          OR in_payment_since IS NOT NULL
                                                          OR EXISTS (SELECT FROM refund_plans
                                                                      WHERE order_id = orders.id AND status <> 'executed')))
         ORDER BY updated_at, carts.id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    DELETE FROM carts USING old WHERE carts.id = old.id RETURNING carts.id, carts.abandoned_step
""")


class CartUpkeepRepository:
    """Works in the session's unit of work, past carts that somebody else is at."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unlock(self, slot: datetime) -> None:
        """End the locks whose time is over."""
        await self._session.execute(_UNLOCK, {"slot": slot})

    async def take_abandoned(self, slot: datetime, limit: int) -> list[Abandoned]:
        """Carts that were left 1, 24 or 72 hours before `slot` and not reminded of since that step; now they are."""
        rows = await self._session.execute(_TAKE_ABANDONED, {"slot": slot, "limit": limit})
        return [Abandoned(**row) for row in rows.mappings()]

    async def clean(self, slot: datetime, before: datetime, limit: int) -> Sequence[tuple[UUID, int]]:
        """Delete carts that nobody has touched since `before`; returns id and reminders of each."""
        rows = await self._session.execute(_CLEAN, {"slot": slot, "before": before, "limit": limit})
        return [(row.id, row.abandoned_step) for row in rows]
