"""The statements by which payments and refunds reach orders: many at once, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text

from services.payments.orders.models import SYSTEM, OrderStatus
from shared.runtime.db import Session

ReceiptKind = Literal["payment", "refund"]

_LOCK: Final = text("""
    SELECT id, organization_id, customer_id, number, status, payment_status, currency, total_minor, paid_minor, refunded_minor,
           due_minor, reminders
      FROM orders WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")

# A statement of its own after the lock: its snapshot sees what whoever had the lock before has written. Several receipts of one
# order take their parts one after the other.
_APPLY: Final = """
    WITH wanted AS (
        SELECT row.*, CAST(sum(amount_minor) OVER (PARTITION BY order_id ORDER BY place) - amount_minor AS bigint) AS before_minor
          FROM unnest(CAST(:order_ids AS uuid[]), CAST(:source_ids AS uuid[]), CAST(:amounts AS bigint[]),
                      CAST(:times AS timestamptz[])) WITH ORDINALITY AS row(order_id, source_id, amount_minor, at, place)
         WHERE NOT EXISTS (SELECT FROM order_receipts
                            WHERE kind = '{kind}' AND order_receipts.source_id = row.source_id
                              AND order_receipts.order_id = row.order_id)
    ), parts AS (
        SELECT wanted.*, greatest(least(amount_minor, {room} - before_minor), 0) AS applied_minor
          FROM wanted JOIN orders ON orders.id = order_id
    ), noted AS (
        INSERT INTO order_receipts (kind, source_id, order_id, applied_minor, surplus_minor, at)
        SELECT '{kind}', source_id, order_id, applied_minor, amount_minor - applied_minor, at FROM parts
        RETURNING source_id, order_id, applied_minor, surplus_minor
    ), sums AS (
        SELECT order_id, CAST(sum(applied_minor) AS bigint) AS applied_minor, max(at) AS at,
               jsonb_build_object('{kind}s', jsonb_agg(jsonb_build_object('id', source_id, 'amount_minor', applied_minor)
                                                           ORDER BY place)) AS details
          FROM parts GROUP BY order_id
    ), changed AS (
        UPDATE orders SET {changes}, version = version + 1, updated_at = greatest(sums.at, updated_at), changed_by = :by,
                          change_reason = NULL, change_details = sums.details
          FROM sums WHERE orders.id = sums.order_id AND {matters}
    )
    SELECT source_id, order_id, applied_minor, surplus_minor FROM noted
"""
_PAID_AFTER: Final = "paid_minor - released_minor + applied_minor >= total_minor - cancelled_minor"
_RECEIVE: Final = text(
    _APPLY.format(
        kind="payment",
        room="due_minor",
        changes=f"""paid_minor = paid_minor + applied_minor, in_payment_since = NULL,
            status = CASE WHEN status NOT IN ('placed', 'partially_paid') THEN status WHEN {_PAID_AFTER} THEN 'paid'
                          WHEN paid_minor + applied_minor > 0 THEN 'partially_paid' ELSE status END,
            remind_at = CASE WHEN {_PAID_AFTER} THEN NULL ELSE remind_at END""",
        matters="(applied_minor > 0 OR in_payment_since IS NOT NULL)",
    )
)
_REFUND: Final = text(
    _APPLY.format(
        kind="refund",
        room="(paid_minor - refunded_minor)",
        changes="refunded_minor = refunded_minor + applied_minor",
        matters="applied_minor > 0",
    )
)
_PROCESSING: Final = text("""
    UPDATE orders SET in_payment_since = CASE WHEN :on THEN CAST(:at AS timestamptz) END, version = version + 1,
                      updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by, change_reason = NULL,
                      change_details = NULL
     WHERE id = ANY (CAST(:ids AS uuid[])) AND (in_payment_since IS NULL) = :on
""")
# Of what was paid for it, as much is released as is owed no more. One that nobody has paid for stays as it is: it is not made.
_OWE_LESS: Final = text("""
    UPDATE orders
       SET cancelled_minor = cancelled_minor + less_minor,
           released_minor = released_minor + greatest(held_minor - left_minor, 0),
           status = CASE WHEN status = 'partially_paid' AND held_minor >= left_minor THEN 'paid' ELSE status END,
           remind_at = CASE WHEN held_minor < left_minor THEN remind_at END,
           version = version + 1, updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by,
           change_reason = :reason, change_details = NULL
      FROM (SELECT id AS key, less_minor, total_minor - cancelled_minor - less_minor AS left_minor,
                   paid_minor - released_minor AS held_minor
              FROM orders CROSS JOIN LATERAL (SELECT least(:amount_minor, total_minor - cancelled_minor) AS less_minor) AS less
             WHERE id = :id) AS credited
     WHERE orders.id = key AND less_minor > 0
""")
_KNOWN: Final = text("""
    SELECT source_id, order_id, applied_minor, surplus_minor FROM order_receipts
     WHERE kind = :kind AND source_id = ANY (CAST(:source_ids AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class PayableOrder:
    """An order as whoever takes or gives money has to know it. due_minor: what may be asked for; nothing of a draft."""

    id: UUID
    organization_id: UUID
    customer_id: UUID
    number: str
    status: OrderStatus
    payment_status: str
    currency: str
    total_minor: int
    paid_minor: int
    refunded_minor: int
    due_minor: int
    reminders: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that a payment has brought to an order, or that a refund has taken from it. source_id: the payment, or the refund."""

    order_id: UUID
    source_id: UUID
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What an order had use for. surplus_minor: the rest, which is the caller's to credit or to give back."""

    order_id: UUID
    source_id: UUID
    applied_minor: int
    surplus_minor: int


class ReceiptRepository:
    """Works in the session's unit of work. Locks are taken in the order of ids, so that two never wait in a circle."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(self, order_ids: Sequence[UUID]) -> dict[UUID, PayableOrder]:
        """Hold these orders until the unit of work ends, and say how they stand."""
        rows = await self._session.execute(_LOCK, {"ids": list(order_ids)})
        return {row["id"]: PayableOrder(**row) for row in rows.mappings()}

    async def apply(self, kind: ReceiptKind, receipts: Sequence[Receipt]) -> list[Applied]:
        """Bring money to orders that are locked; returns those receipts that were not known before."""
        bound: dict[str, Any] = {
            "order_ids": [one.order_id for one in receipts],
            "source_ids": [one.source_id for one in receipts],
            "amounts": [one.amount_minor for one in receipts],
            "times": [one.at for one in receipts],
            "by": SYSTEM,
        }
        rows = await self._session.execute(_RECEIVE if kind == "payment" else _REFUND, bound)
        return [Applied(row.order_id, row.source_id, row.applied_minor, row.surplus_minor) for row in rows]

    async def known(self, kind: ReceiptKind, source_ids: Sequence[UUID]) -> list[Applied]:
        """What came of these payments or refunds."""
        rows = await self._session.execute(_KNOWN, {"kind": kind, "source_ids": list(source_ids)})
        return [Applied(row.order_id, row.source_id, row.applied_minor, row.surplus_minor) for row in rows]

    async def processing(self, order_ids: Sequence[UUID], at: datetime, *, on: bool) -> None:
        """Note that a gateway is at these orders, or is no more; those of which that is known stay as they are."""
        await self._session.execute(_PROCESSING, {"ids": list(order_ids), "at": at, "on": on, "by": SYSTEM})

    async def owe_less(self, order_id: UUID, amount_minor: int, at: datetime, *, by: str, reason: str) -> None:
        """So much of an order that is held is owed no more, although its lines stay as they are."""
        bound = {"id": order_id, "amount_minor": amount_minor, "at": at, "by": by, "reason": reason}
        await self._session.execute(_OWE_LESS, bound)
