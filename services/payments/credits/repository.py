"""Statements on customers' credit."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.credits.models import CreditBalance, CreditEntry, CreditUse
from shared.runtime.db import ReadSession, Session

_NAMES: Final = [field.name for field in fields(CreditEntry)]
_BALANCES: Final = text("""
    SELECT currency, sum(amount_minor)::bigint AS balance_minor FROM customer_credits WHERE customer_id = :customer_id
     GROUP BY currency ORDER BY currency
""")
_ENTRIES: Final = text(f"""
    SELECT {", ".join(_NAMES)} FROM customer_credits
     WHERE customer_id = :customer_id AND coalesce(id < CAST(:after AS uuid), true) ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - the columns are constants of this module
# Held until the unit of work ends; the trigger that guards the balance takes the same lock.
_HOLD: Final = text(
    "SELECT pg_advisory_xact_lock("
    "hashtextextended('payments.credit:' || CAST(:customer_id AS uuid) || CAST(:currency AS text), 0))"
)
_BALANCE: Final = text("""
    SELECT coalesce(sum(amount_minor), 0)::bigint FROM customer_credits WHERE customer_id = :customer_id AND currency = :currency
""")
# What nothing was due for of a payment, by the gateway's payment that brought it; and what of it has paid what was not used.
_GRANTED_BY: Final = text("""
    SELECT held.gateway_payment_id, granted.amount_minor, granted.id
      FROM gateway_payments AS held JOIN customer_credits AS granted
        ON granted.kind = 'grant'
       AND (granted.source, granted.source_id) IN (('duplicate', held.id), ('payment', held.payment_id))
       AND granted.source = CASE held.counted_as WHEN 'main' THEN 'payment' ELSE 'duplicate' END
     WHERE held.payment_id = :payment_id
    UNION ALL
    SELECT payments.gateway_payment_id, granted.amount_minor, granted.id
      FROM payments JOIN invoices
        ON invoices.id = payments.invoice_id
        OR (invoices.subscription_id, invoices.period_start) = (payments.subscription_id, payments.period_start)
      JOIN credit_notes ON credit_notes.invoice_id = invoices.id
      JOIN customer_credits AS granted
        ON (granted.source, granted.source_id, granted.kind) = ('credit_note', credit_notes.id, 'grant')
     WHERE payments.id = :payment_id
     ORDER BY id
""")
# What credit an order was paid with and has not given back.
_USED_FOR: Final = text("""
    SELECT orders.organization_id, orders.customer_id, orders.currency, -sum(entry.amount_minor)::bigint AS left_minor
      FROM orders JOIN customer_credits AS entry ON (entry.customer_id, entry.order_id) = (orders.customer_id, orders.id)
     WHERE orders.id = :order_id AND (entry.kind = 'apply' OR entry.source = 'refund_plan')
     GROUP BY orders.id HAVING sum(entry.amount_minor) < 0
""")
_USED_ON: Final = text("""
    SELECT coalesce(-sum(entry.amount_minor), 0)::bigint
      FROM invoices JOIN customer_credits AS entry ON (entry.customer_id, entry.invoice_id) = (invoices.customer_id, invoices.id)
     WHERE invoices.id = :invoice_id AND (entry.kind = 'apply' OR entry.source = 'invoice_credit')
""")
_RETURNED: Final = text(
    "SELECT amount_minor FROM customer_credits WHERE (source, source_id, kind) = ('refund_plan', :plan_id, 'grant')"
)
_DUE_ORDERS: Final = text("""
    SELECT id FROM orders WHERE customer_id = :customer_id AND currency = :currency AND due_minor > 0 AND in_payment_since IS NULL
     ORDER BY placed_at, id LIMIT :limit
""")
_ADD: Final = text("""
    INSERT INTO customer_credits (id, organization_id, customer_id, currency, kind, amount_minor, source, source_id, order_id,
                                  invoice_id, note, at)
    SELECT row.* FROM unnest(
        CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:customer_id AS uuid[]), CAST(:currency AS text[]),
        CAST(:kind AS text[]), CAST(:amount_minor AS bigint[]), CAST(:source AS text[]), CAST(:source_id AS uuid[]),
        CAST(:order_id AS uuid[]), CAST(:invoice_id AS uuid[]), CAST(:note AS text[]), CAST(:at AS timestamptz[]))
        AS row(id, organization_id, customer_id, currency, kind, amount_minor, source, source_id, order_id, invoice_id, note, at)
     ORDER BY row.customer_id, row.currency, row.id
    ON CONFLICT (source, source_id, kind) DO NOTHING
    RETURNING id
""")


class CreditReader:
    """What is read of credits."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def balances(self, customer_id: UUID) -> Sequence[CreditBalance]:
        """By currency."""
        rows = await self._session.execute(_BALANCES, {"customer_id": customer_id})
        return [CreditBalance(row.currency, row.balance_minor) for row in rows]

    async def entries(self, customer_id: UUID, *, after: UUID | None, limit: int) -> Sequence[CreditEntry]:
        """The newest first."""
        rows = await self._session.execute(_ENTRIES, {"customer_id": customer_id, "after": after, "limit": limit})
        return [CreditEntry(**row) for row in rows.mappings()]


class CreditRepository(CreditReader):
    """What is written of credits."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def hold(self, customer_id: UUID, currency: str) -> int:
        """Hold a customer's credit until the unit of work ends, and say what it comes to."""
        bound = {"customer_id": customer_id, "currency": currency}
        await self._writing.execute(_HOLD, bound)
        balance: int = (await self._writing.execute(_BALANCE, bound)).scalar_one()
        return balance

    async def granted_by(self, payment_id: UUID) -> list[tuple[str, int]]:
        """What a payment has brought to its customer's credit: the gateway's payment, and how much of it."""
        rows = await self._writing.execute(_GRANTED_BY, {"payment_id": payment_id})
        return [(row.gateway_payment_id, row.amount_minor) for row in rows]

    async def used_for(self, order_id: UUID) -> CreditUse | None:
        """What credit an order was paid with and has not given back; None for none."""
        row = (await self._writing.execute(_USED_FOR, {"order_id": order_id})).mappings().one_or_none()
        return CreditUse(**row) if row is not None else None

    async def used_on(self, invoice_id: UUID) -> int:
        """What credit an invoice that is no order's was paid with and has not given back."""
        found: int = (await self._writing.execute(_USED_ON, {"invoice_id": invoice_id})).scalar_one()
        return found

    async def returned(self, plan_id: UUID) -> int:
        """What the plan of a cancellation has given back to a credit."""
        found: int | None = await self._writing.scalar(_RETURNED, {"plan_id": plan_id})
        return found or 0

    async def due_orders(self, customer_id: UUID, currency: str, limit: int) -> list[UUID]:
        """A customer's orders that are not paid and that nobody is paying, the oldest first."""
        bound = {"customer_id": customer_id, "currency": currency, "limit": limit}
        return list((await self._writing.scalars(_DUE_ORDERS, bound)).all())

    async def add(self, entries: Sequence[CreditEntry]) -> set[UUID]:
        """Write entries, each once; returns those that are new. The database refuses what is above the balance."""
        if not entries:
            return set()
        bound: dict[str, Any] = {name: [getattr(one, name) for one in entries] for name in _NAMES}
        return set((await self._writing.scalars(_ADD, bound)).all())
