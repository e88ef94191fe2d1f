"""Statements on what is open of subscriptions that are over."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.subscriptions.due_models import method_fault
from services.payments.subscriptions.models import Adjustment, SubscriptionPeriod
from shared.runtime.db import Session

_TAKE: Final = text("""
    WITH held AS (
        SELECT id, description, hsn_sac, tax_rate_bp, open_minor FROM subscription_adjustments
         WHERE subscription_id = :id AND open_minor <> 0
           AND EXISTS (SELECT FROM subscriptions WHERE subscriptions.id = :id AND status IN ('cancelled', 'ended'))
         ORDER BY id FOR UPDATE
    )
    UPDATE subscription_adjustments SET open_minor = 0 FROM held WHERE subscription_adjustments.id = held.id
    RETURNING held.id, held.description, held.hsn_sac, held.tax_rate_bp, held.open_minor
""")
_PAID: Final = text("""
    SELECT period.start_on, invoices.id AS invoice_id
      FROM subscription_periods AS period
      LEFT JOIN invoices ON (invoices.subscription_id, invoices.period_start) = (period.subscription_id, period.start_on)
                        AND invoices.status = 'issued'
     WHERE period.subscription_id = :id AND period.status = 'paid' AND period.total_minor > 0 AND period.order_id IS NULL
     ORDER BY period.start_on DESC
""")
_VOID: Final = text("""
    SELECT invoices.id FROM subscription_periods AS period
      JOIN invoices ON (invoices.subscription_id, invoices.period_start) = (period.subscription_id, period.start_on)
     WHERE period.subscription_id = :id AND period.status = 'void' AND invoices.status = 'issued'
       AND credited_minor < invoices.total_minor
     ORDER BY invoices.id FOR UPDATE OF invoices
""")
_PAYER: Final = text("""
    SELECT subscription.next_period_start, subscription.payment_method_id, method.gateway, method.account, method.kind,
           method.label, method.status AS method_status, method.expires_at AS method_expires_at, method.max_amount_minor
      FROM subscriptions AS subscription LEFT JOIN payment_methods AS method ON method.id = subscription.payment_method_id
     WHERE subscription.id = :id
""")


@dataclass(frozen=True, slots=True)
class Payer:
    """How one that is over pays what it owes. ended_on: the day on which no further period has begun. method_id: None where its
    customer pays themselves. fault: why the stored method cannot be charged."""

    ended_on: date
    method_id: UUID | None
    gateway: str | None
    account: str | None
    kind: str | None
    label: str | None
    max_amount_minor: int | None
    fault: str | None


class SettlingRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def void_invoices(self, subscription_id: UUID) -> list[UUID]:
        """The invoices in force of its periods that are void, as far as they still ask for something or hold money; held."""
        return list((await self._session.execute(_VOID, {"id": subscription_id})).scalars())

    async def take(self, subscription_id: UUID) -> list[Adjustment]:
        """What is open, the oldest first, of one that is over; now nothing is. Whoever comes second waits, and finds nothing."""
        rows = await self._session.execute(_TAKE, {"id": subscription_id})
        return sorted((Adjustment(*row) for row in rows), key=lambda one: one.id)

    async def last_period(self, subscription_id: UUID) -> SubscriptionPeriod:
        """The last one that was billed. What is open was of one that was paid."""
        query = select(SubscriptionPeriod).where(
            SubscriptionPeriod.subscription_id == subscription_id, SubscriptionPeriod.status.not_in(("void", "skipped"))
        )
        return (await self._session.scalars(query.order_by(SubscriptionPeriod.start_on.desc()).limit(1))).one()

    async def payer(self, subscription_id: UUID, at: datetime) -> Payer:
        """By what the rest is paid. at: when the stored method has to be good."""
        row = dict((await self._session.execute(_PAYER, {"id": subscription_id})).mappings().one())
        how = {name: row[name] for name in ("gateway", "account", "kind", "label", "max_amount_minor")}
        return Payer(row["next_period_start"], row["payment_method_id"], **how, fault=method_fault(row, at))

    async def paid_periods(self, subscription_id: UUID) -> list[tuple[date, UUID | None]]:
        """Periods that money was paid for, and that were not delivered, each with its invoice; the newest first."""
        return [(row.start_on, row.invoice_id) for row in await self._session.execute(_PAID, {"id": subscription_id})]
