"""Statements on periods that were paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.subscriptions.models import SYSTEM
from shared.runtime.db import Session

# By the payment of the period itself, or by whatever else has paid its order or its invoice in full.
_FIND: Final = text("""
    SELECT DISTINCT period.subscription_id, period.start_on
      FROM unnest(CAST(:subscription_ids AS uuid[]), CAST(:starts AS date[]), CAST(:order_ids AS uuid[]),
                  CAST(:invoice_ids AS uuid[]), CAST(:amounts AS bigint[]))
           AS told(subscription_id, start_on, order_id, invoice_id, amount_minor)
      LEFT JOIN orders ON orders.id = told.order_id
      LEFT JOIN invoices ON invoices.id = told.invoice_id
      JOIN subscription_periods AS period
        ON (period.subscription_id, period.start_on)
           = (coalesce(told.subscription_id, orders.subscription_id, invoices.subscription_id),
              coalesce(told.start_on, orders.period_start, invoices.period_start))
        OR period.order_id = invoices.order_id
     WHERE period.status IN ('open', 'past_due', 'unpaid') AND told.amount_minor > 0
       AND CASE WHEN told.subscription_id IS NOT NULL AND told.order_id IS NULL
                     THEN told.amount_minor >= period.total_minor
                          OR EXISTS (SELECT FROM invoices AS own
                                      WHERE (own.subscription_id, own.period_start) = (period.subscription_id, period.start_on)
                                        AND own.status = 'issued' AND own.balance_minor = 0)
                WHEN told.order_id IS NOT NULL THEN orders.payment_status = 'paid'
                ELSE invoices.balance_minor = 0 END
""")
_LOCK: Final = text("SELECT id FROM subscriptions WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
_PAY: Final = text("""
    UPDATE subscription_periods AS period SET status = 'paid', paid_at = :at, version = period.version + 1, updated_at = :at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
      JOIN subscriptions ON subscriptions.id = row.id
     WHERE (period.subscription_id, period.start_on) = (row.id, row.start_on)
       AND period.status IN ('open', 'past_due', 'unpaid')
    RETURNING period.subscription_id, period.start_on, period.order_id, period.organization_id, period.customer_id,
              period.total_minor, period.currency, period.start_on < subscriptions.next_period_start AS is_renewal
""")
_RECOVER: Final = text("""
    UPDATE dunning_runs AS run SET status = 'recovered', reason = NULL, next_try_at = NULL, updated_at = :at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
     WHERE (run.subscription_id, run.start_on) = (row.id, row.start_on) AND run.status <> 'recovered'
    RETURNING run.subscription_id, run.start_on
""")

# One that was given up goes on today; what lies between was neither used nor is it owed.
_REVIVE: Final = text("""
    UPDATE subscriptions
       SET status = 'active', access_until = NULL, next_period_start = local.start_on,
           next_bill_at = CAST(local.start_on AS timestamp) AT TIME ZONE time_zone, version = version + 1, updated_at = :at,
           changed_by = :by, change_reason = 'nothing is owed any more'
      FROM (SELECT id AS key, CASE WHEN status = 'unpaid'
                                   THEN greatest(next_period_start, CAST(CAST(:at AS timestamptz) AT TIME ZONE time_zone AS date))
                                   ELSE next_period_start END AS start_on
              FROM subscriptions WHERE id = ANY (CAST(:ids AS uuid[]))) AS local
     WHERE id = local.key AND status IN ('past_due', 'unpaid')
       AND NOT EXISTS (SELECT FROM subscription_periods AS period
                        WHERE period.subscription_id = id AND period.status IN ('past_due', 'unpaid')
                          AND period.given_up_reason IS NULL)
    RETURNING id
""")


@dataclass(frozen=True, slots=True)
class Money:
    """Money that has come, and what it is for."""

    subscription_id: UUID | None
    start_on: date | None
    order_id: UUID | None
    invoice_id: UUID | None
    amount_minor: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period that is paid now. is_renewal: False for what was left to be paid when its subscription was over."""

    subscription_id: UUID
    start_on: date
    order_id: UUID | None
    organization_id: UUID
    customer_id: UUID
    total_minor: int
    currency: str
    is_renewal: bool


class PaidRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def pay(self, money: Sequence[Money], at: datetime) -> list[PaidPeriod]:
        """Note the periods that this has paid and that were not paid before, their subscriptions held."""
        bound = {
            "subscription_ids": [one.subscription_id for one in money],
            "starts": [one.start_on for one in money],
            "order_ids": [one.order_id for one in money],
            "invoice_ids": [one.invoice_id for one in money],
            "amounts": [one.amount_minor for one in money],
        }
        found = sorted((row.subscription_id, row.start_on) for row in await self._session.execute(_FIND, bound))
        if not found:
            return []
        await self._session.execute(_LOCK, {"ids": sorted({key for key, _ in found})})
        keys = {"ids": [key for key, _ in found], "starts": [start for _, start in found], "at": at}
        paid = await self._session.execute(_PAY, keys)
        return [PaidPeriod(*row) for row in paid]

    async def recover(self, paid: Sequence[PaidPeriod], at: datetime) -> list[tuple[UUID, date]]:
        """End the dunning of periods; returns those that there was."""
        keys = {"ids": [one.subscription_id for one in paid], "starts": [one.start_on for one in paid], "at": at}
        return [(row.subscription_id, row.start_on) for row in await self._session.execute(_RECOVER, keys)]

    async def revive(self, ids: Sequence[UUID], at: datetime) -> list[UUID]:
        """Let subscriptions go on that owe nothing any more; returns them."""
        bound = {"ids": sorted(ids), "at": at, "by": SYSTEM}
        return list((await self._session.execute(_REVIVE, bound)).scalars())
