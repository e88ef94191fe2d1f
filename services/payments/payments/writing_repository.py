"""Statements that write payments, many at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.payments.models import Around, Held, NewPayment, Payment, State
from services.payments.payments.repository import COLUMNS, PaymentReader, payment_of
from shared.runtime.db import Session

_NEW_TYPES: Final = {
    "id": "uuid",
    "organization_id": "uuid",
    "customer_id": "uuid",
    "order_id": "uuid",
    "invoice_id": "uuid",
    "subscription_id": "uuid",
    "period_start": "date",
    "gateway": "text",
    "account": "text",
    "payment_method_id": "uuid",
    "currency": "text",
    "amount_minor": "bigint",
    "expires_at": "timestamptz",
}
_INSERT: Final = text(f"""
    INSERT INTO payments ({", ".join(_NEW_TYPES)}, status, is_open, is_live, created_at, updated_at, changed_by)
    SELECT row.*, 'created', true, true, :at, :at, :by
      FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _NEW_TYPES.items())}) AS row
     ORDER BY 1
    ON CONFLICT DO NOTHING
    RETURNING {COLUMNS}
""")  # noqa: S608 - put together from constants of this module; values are bound

_LOCK: Final = text(f"""
    SELECT {COLUMNS} FROM payments WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608 - as above
_LOCK_OPEN: Final = text(f"""
    SELECT {COLUMNS} FROM payments
     WHERE is_open AND (order_id = CAST(:order_id AS uuid)
           OR (order_id IS NULL AND CAST(:order_id AS uuid) IS NULL AND invoice_id = CAST(:invoice_id AS uuid)))
     ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608 - as above
_OPEN_OF: Final = text("""
    SELECT id FROM payments
     WHERE is_open AND (order_id = CAST(:order_id AS uuid)
           OR (order_id IS NULL AND CAST(:order_id AS uuid) IS NULL AND invoice_id = CAST(:invoice_id AS uuid)))
""")
_HELD: Final = text(f"""
    SELECT {", ".join(field.name for field in fields(Held))} FROM gateway_payments WHERE payment_id = ANY (CAST(:ids AS uuid[]))
     ORDER BY payment_id, first_seen_at, id
""")  # noqa: S608 - as above
_AROUND: Final = text("""
    SELECT payment.id AS payment_id,
           (SELECT count(*) FROM payment_attempts WHERE payment_id = payment.id AND kind = 'charge' AND status = 'started')::int
               AS started,
           (SELECT count(*) FROM payment_attempts WHERE payment_id = payment.id AND kind IN ('order', 'charge')
               AND status = 'unknown')::int AS unknown,
           (SELECT status FROM payment_attempts WHERE payment_id = payment.id AND kind IN ('order', 'charge')
             ORDER BY number DESC LIMIT 1) AS last_end,
           coalesce((SELECT sum(amount_minor) FROM refunds WHERE payment_id = payment.id AND status = 'processed'), 0)::bigint
               AS refunded_minor,
           coalesce((SELECT sum(disputes.amount_minor) FROM disputes JOIN payments ON payments.id = payment_id
                      WHERE payment_id = payment.id AND rank IN (1, 2, 4) AND disputes.currency = payments.currency), 0)::bigint
               AS disputed_minor,
           ARRAY(SELECT gateway_payment_id FROM payment_attempts
                  WHERE payment_id = payment.id AND kind = 'capture' AND status IN ('started', 'unknown', 'succeeded')
                    AND gateway_payment_id IS NOT NULL) AS taken,
           ARRAY(SELECT given_up.gateway_payment_id FROM payment_attempts AS given_up
                  WHERE given_up.payment_id = payment.id AND given_up.kind = 'cancel' AND given_up.gateway_payment_id IS NOT NULL
                    AND NOT EXISTS (SELECT FROM payment_attempts AS wanted
                                     WHERE wanted.payment_id = payment.id AND wanted.kind = 'capture'
                                       AND wanted.gateway_payment_id = given_up.gateway_payment_id
                                       AND wanted.number > given_up.number)) AS given_up
      FROM unnest(CAST(:ids AS uuid[])) AS payment(id)
""")

_STATE_TYPES: Final = {
    "status": "text",
    "captured_minor": "bigint",
    "refunded_minor": "bigint",
    "disputed_minor": "bigint",
    "gateway_payment_id": "text",
    "method": "text",
    "action_url": "text",
    "decline_code": "text",
    "decline_reason": "text",
    "decline_kind": "text",
    "decline_delay_s": "integer",
    "failure": "text",
    "next_action": "text",
    "late_until": "timestamptz",
    "authorized_at": "timestamptz",
    "captured_at": "timestamptz",
}
_MOVE: Final = text(f"""
    UPDATE payments
       SET {", ".join(f"{name} = row.{name}" for name in _STATE_TYPES)},
           is_open = is_open AND row.status IN ('created', 'processing', 'requires_action', 'authorized', 'unknown'),
           is_live = is_live AND row.status NOT IN ('expired', 'cancelled'),
           unknown_since = CASE WHEN row.status = 'unknown' THEN coalesce(unknown_since, CAST(:at AS timestamptz)) END,
           check_at = CASE WHEN row.status IN ('processing', 'requires_action', 'unknown')
                           THEN coalesce(check_at, CAST(:at AS timestamptz) + interval '5 minutes') END,
           checks = CASE WHEN row.status IN ('processing', 'requires_action', 'unknown') THEN checks ELSE 0 END,
           next_attempt_at = CASE WHEN row.status = 'failed' THEN next_attempt_at END,
           version = version + 1, updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by,
           change_reason = :reason, change_reference = :reference
      FROM unnest(CAST(:ids AS uuid[]), {", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _STATE_TYPES.items())})
           AS row(id, {", ".join(_STATE_TYPES)})
     WHERE payments.id = row.id
    RETURNING {COLUMNS}
""")  # noqa: S608 - as above
_WITH_REFUNDS: Final = text("""
    SELECT DISTINCT payment_id FROM refunds WHERE payment_id = ANY (CAST(:ids AS uuid[])) AND status NOT IN ('failed', 'rejected')
""")
_COUNT: Final = text("""
    UPDATE gateway_payments SET counted_as = row.counted_as
      FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[])) AS row(id, counted_as)
     WHERE gateway_payments.id = row.id
""")
_END: Final = text("""
    UPDATE payments SET status = :status, is_open = false, is_live = is_live AND :status = 'failed', next_attempt_at = NULL,
                        check_at = NULL, unknown_since = NULL, version = version + 1,
                        updated_at = greatest(CAST(:at AS timestamptz), updated_at), changed_by = :by, change_reason = :reason,
                        change_reference = NULL
     WHERE id = ANY (CAST(:ids AS uuid[]))
    RETURNING id
""")


class PaymentRepository(PaymentReader):
    """What is written of payments, in the session's unit of work. Locks are taken in the order of ids, and before those of
    orders, so that two never wait in a circle."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def insert(self, payments: Sequence[NewPayment], *, by: str, at: datetime) -> list[Payment]:
        """Write those that may be: whose order, invoice or period has no other one. Returns them."""
        bound: dict[str, Any] = {name: [getattr(one, name) for one in payments] for name in _NEW_TYPES}
        rows = await self._writing.execute(_INSERT, {**bound, "by": by, "at": at})
        return [payment_of(row) for row in rows.mappings()]

    async def lock(self, payment_ids: Collection[UUID]) -> dict[UUID, Payment]:
        """Hold these payments until the unit of work ends, and say how they stand."""
        rows = await self._writing.execute(_LOCK, {"ids": sorted(payment_ids)})
        return {row["id"]: payment_of(row) for row in rows.mappings()}

    async def lock_open(self, order_id: UUID | None, invoice_id: UUID | None) -> Payment | None:
        """Hold the payment that is under way for an order, or for an invoice without one."""
        rows = await self._writing.execute(_LOCK_OPEN, {"order_id": order_id, "invoice_id": invoice_id})
        row = rows.mappings().first()
        return payment_of(row) if row is not None else None

    async def open_of(self, order_id: UUID | None, invoice_id: UUID | None) -> UUID | None:
        """The payment that is under way, not held; whoever holds the order or is alone gets a true answer."""
        found: UUID | None = await self._writing.scalar(_OPEN_OF, {"order_id": order_id, "invoice_id": invoice_id})
        return found

    async def held(self, payment_ids: Collection[UUID]) -> list[Held]:
        """What gateways hold of these payments, the oldest first."""
        rows = await self._writing.execute(_HELD, {"ids": list(payment_ids)})
        return [Held(**row) for row in rows.mappings()]

    async def around(self, payment_ids: Collection[UUID]) -> dict[UUID, Around]:
        """What else decides the states of these payments."""
        rows = await self._writing.execute(_AROUND, {"ids": list(payment_ids)})
        return {row["payment_id"]: Around(**row) for row in rows.mappings()}

    async def move(
        self, states: Mapping[UUID, State], *, by: str, at: datetime, reason: str | None = None, reference: str | None = None
    ) -> list[Payment]:
        """Write new states under next versions; the database writes them into the history."""
        columns = list(zip(*(astuple(one) for one in states.values()), strict=True))
        bound: dict[str, Any] = dict(zip((field.name for field in fields(State)), map(list, columns), strict=True))
        bound |= {"ids": list(states), "by": by, "at": at, "reason": reason, "reference": reference}
        rows = await self._writing.execute(_MOVE, bound)
        return [payment_of(row) for row in rows.mappings()]

    async def with_refunds(self, payment_ids: Collection[UUID]) -> set[UUID]:
        """Those of which something is to go back, or has gone."""
        return set((await self._writing.scalars(_WITH_REFUNDS, {"ids": sorted(payment_ids)})).all())

    async def count_as(self, kinds: Mapping[UUID, str]) -> None:
        """Note how the money of gateways' payments was booked."""
        # One of a payment is the main one at any moment, so whatever takes its place waits for it to be none.
        for group in ({key: kind for key, kind in kinds.items() if (kind == "main") == is_main} for is_main in (False, True)):
            if group:
                await self._writing.execute(_COUNT, {"ids": list(group), "kinds": list(group.values())})

    async def end(self, payment_ids: Collection[UUID], status: str, *, by: str, at: datetime, reason: str) -> None:
        """Give payments up: `expired`, `cancelled` or `failed`."""
        bound = {"ids": sorted(payment_ids), "status": status, "by": by, "at": at, "reason": reason}
        await self._writing.execute(_END, bound)
