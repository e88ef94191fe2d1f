"""Statements on periods that are not paid, and on what is done about them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.dunning.models import DEFAULT, DunningPolicy, Failure, Owing
from services.payments.mandates.models import amount_fault
from services.payments.subscriptions.due_models import method_fault
from services.payments.subscriptions.models import SYSTEM, UNTAXED
from shared.runtime.db import ReadSession, Session

_POLICY: Final = ("retry_days", "retry_hour", "grace_days", "when_exhausted", "unpaid_delivery")
# Payments are locked before their orders, and both before subscriptions and periods: in the order in which money comes.
_LOCK_SUBSCRIPTIONS: Final = text("""
    SELECT id FROM subscriptions WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")
_LOCK_PAYMENTS: Final = text("""
    SELECT payments.id FROM payments
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
        ON (payments.subscription_id, payments.period_start) = (row.id, row.start_on)
     ORDER BY payments.id FOR NO KEY UPDATE OF payments
""")
_LOCK_ORDERS: Final = text("""
    SELECT orders.id FROM orders
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
        ON (orders.subscription_id, orders.period_start) = (row.id, row.start_on)
     ORDER BY orders.id FOR NO KEY UPDATE OF orders
""")
_OWING: Final = """
    SELECT period.subscription_id, period.start_on, period.organization_id, period.customer_id, subscription.time_zone,
           period.status AS period_status, subscription.status AS subscription_status, period.currency, period.total_minor,
           period.order_id, orders.status AS order_status, period.payment_id, payment.status AS payment_status,
           payment.payment_method_id AS charged_method_id, payment.account AS payment_account,
           payment.id = ANY (CAST(:held AS uuid[])) AS is_payment_held, coalesce(payment.tries, 0) AS payment_tries,
           subscription.payment_method_id, method.gateway, method.account, method.kind AS method_kind,
           method.label AS method_label, method.status AS method_status, method.expires_at AS method_expires_at,
           method.max_amount_minor,
           (SELECT count(*) FROM payments AS other
             WHERE (other.subscription_id, other.period_start) = (period.subscription_id, period.start_on))::int AS number,
           run.began_at, coalesce(run.used, 0) AS used, coalesce(run.failures, 0) AS failures, run.next_try_at, run.deadline_at,
           run.last_failure, run.status AS run_status, run.decline_kind, period.given_up_reason, settings.retry_days,
           settings.retry_hour, settings.grace_days, settings.when_exhausted, settings.unpaid_delivery
      FROM subscription_periods AS period
      JOIN subscriptions AS subscription ON subscription.id = period.subscription_id
      LEFT JOIN orders ON orders.id = period.order_id
      LEFT JOIN payments AS payment ON payment.id = period.payment_id
      LEFT JOIN payment_methods AS method ON method.id = subscription.payment_method_id
      LEFT JOIN dunning_runs AS run ON (run.subscription_id, run.start_on) = (period.subscription_id, period.start_on)
      LEFT JOIN subscription_settings AS settings ON settings.organization_id = period.organization_id
"""
_OF_PERIODS: Final = text(f"""{_OWING}
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
        ON (period.subscription_id, period.start_on) = (row.id, row.start_on)
     ORDER BY period.subscription_id, period.start_on
""")
_OF_SUBSCRIPTION: Final = text("""
    SELECT start_on FROM subscription_periods
     WHERE subscription_id = :id AND status IN ('open', 'past_due', 'unpaid') ORDER BY start_on
""")
_DUE: Final = text("""
    SELECT subscription_id, start_on FROM dunning_runs
     WHERE status = 'running' AND least(next_try_at, deadline_at) <= :slot
       AND NOT EXISTS (SELECT FROM subscription_settings AS settings
                        WHERE settings.organization_id = dunning_runs.organization_id AND billing_paused_at IS NOT NULL)
     ORDER BY least(next_try_at, deadline_at), subscription_id LIMIT :limit
""")
# Those with no payment that could still bring money.
_GIVEN_UP: Final = text("""
    SELECT period.subscription_id, period.start_on
      FROM subscription_periods AS period LEFT JOIN payments AS payment ON payment.id = period.payment_id
     WHERE period.given_up_reason IS NOT NULL AND period.status IN ('open', 'past_due', 'unpaid')
       AND coalesce(payment.status IN ('created', 'failed', 'expired', 'cancelled'), true)
     ORDER BY period.subscription_id, period.start_on LIMIT :limit
""")

# A failure is counted once; one that comes late finds a newer one counted, or the period paid, and changes nothing.
_COUNT: Final = text("""
    INSERT INTO dunning_runs AS run (subscription_id, start_on, organization_id, status, decline_kind, failure, failures, used,
                                     began_at, next_try_at, deadline_at, last_failure, updated_at)
    SELECT subscription_id, start_on, organization_id, 'running', decline_kind, failure, 1, 0, began_at, next_try_at, deadline_at,
           last_failure, :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
               subscription_id uuid, start_on date, organization_id uuid, decline_kind text, failure text, began_at timestamptz,
               next_try_at timestamptz, deadline_at timestamptz, last_failure text)
     ORDER BY subscription_id, start_on
    ON CONFLICT (subscription_id, start_on) DO UPDATE
       SET status = 'running', decline_kind = excluded.decline_kind, failure = excluded.failure, failures = run.failures + 1,
           next_try_at = excluded.next_try_at, last_failure = excluded.last_failure, updated_at = excluded.updated_at
     WHERE run.last_failure <> excluded.last_failure
""")
_SET: Final = text("""
    UPDATE dunning_runs SET status = row.status, reason = row.reason, used = row.used, next_try_at = row.next_try_at,
                            deadline_at = row.deadline_at, updated_at = :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
               subscription_id uuid, start_on date, status text, reason text, used integer, next_try_at timestamptz,
               deadline_at timestamptz)
     WHERE (dunning_runs.subscription_id, dunning_runs.start_on) = (row.subscription_id, row.start_on)
""")
_MOVE_PERIODS: Final = text("""
    UPDATE subscription_periods AS period
       SET status = :status, reason = coalesce(:reason, reason), version = version + 1, updated_at = :at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
     WHERE (period.subscription_id, period.start_on) = (row.id, row.start_on) AND period.status <> :status
""")
# A period comes to nothing once. What it had taken of the customer's credit on the whole is open again; what it had charged for
# earlier changes beyond that is owed no more. Which of the two it was is told with the tax: rates may differ.
_VOID: Final = text("""
    WITH moved AS (
        UPDATE subscription_periods AS period
           SET status = 'void', reason = :reason, version = version + 1, updated_at = :at
          FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
         WHERE (period.subscription_id, period.start_on) = (row.id, row.start_on) AND period.status <> 'void'
        RETURNING period.subscription_id, period.start_on, period.supply_kind, period.taken
    ), taken AS (
        SELECT adjustment.id, CAST(value AS bigint) AS taken_minor,
               sum(CAST(value AS numeric) * CASE WHEN supply_kind = ANY (CAST(:untaxed AS text[])) THEN 1
                                                 ELSE 10000 + tax_rate_bp END)
                   OVER (PARTITION BY moved.subscription_id, start_on) AS worth
          FROM moved CROSS JOIN LATERAL jsonb_each_text(taken)
          JOIN subscription_adjustments AS adjustment ON adjustment.id = CAST(key AS uuid)
    ), back AS (
        SELECT id, sum(taken_minor) AS taken_minor FROM taken WHERE worth < 0 GROUP BY id
    )
    UPDATE subscription_adjustments SET open_minor = open_minor + taken_minor
      FROM back WHERE subscription_adjustments.id = back.id
""")
_GIVE_UP: Final = text("""
    UPDATE subscription_periods SET given_up_reason = :reason, version = version + 1, updated_at = :at
     WHERE subscription_id = :id AND status IN ('open', 'past_due', 'unpaid') AND given_up_reason IS NULL
""")
_PAST_DUE: Final = text("""
    UPDATE subscriptions SET status = 'past_due', access_until = row.access_until, version = version + 1, updated_at = :at,
                             changed_by = :by, change_reason = 'a period was not paid'
      FROM unnest(CAST(:ids AS uuid[]), CAST(:untils AS timestamptz[])) AS row(id, access_until)
     WHERE subscriptions.id = row.id AND status IN ('trialing', 'active')
""")
_PAYMENT: Final = text("""
    UPDATE subscription_periods SET payment_id = :payment_id, version = version + 1, updated_at = :at
     WHERE subscription_id = :id AND start_on = :start_on
""")
_METHOD: Final = text("""
    UPDATE payments SET payment_method_id = :method_id, version = version + 1, updated_at = :at, changed_by = :by,
                        change_reason = 'its customer pays with another method'
     WHERE id = :id AND status IN ('created', 'failed')
""")
_RUNS: Final = text("""
    SELECT start_on, status, reason, decline_kind, failure, failures, used, began_at, next_try_at, deadline_at
      FROM dunning_runs WHERE subscription_id = :id ORDER BY start_on DESC LIMIT 100
""")


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run is to be brought to."""

    subscription_id: UUID
    start_on: date
    status: str
    reason: str | None
    used: int
    next_try_at: datetime | None
    deadline_at: datetime


class DunningReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def runs(self, subscription_id: UUID) -> list[dict[str, Any]]:
        """What was done about a subscription's unpaid periods, the newest first; at most 100."""
        return [dict(row) for row in (await self._session.execute(_RUNS, {"id": subscription_id})).mappings()]


class DunningRepository(DunningReader):
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def due(self, slot: datetime, limit: int) -> list[tuple[UUID, date]]:
        """The runs whose next try or deadline has come by `slot`. Whoever acts on one holds it first, and looks again."""
        rows = await self._writing.execute(_DUE, {"slot": slot, "limit": limit})
        return [(row.subscription_id, row.start_on) for row in rows]

    async def given_up(self, limit: int) -> list[tuple[UUID, date]]:
        """Periods that were given up while a gateway was at them, and that none is at any more."""
        rows = await self._writing.execute(_GIVEN_UP, {"limit": limit})
        return [(row.subscription_id, row.start_on) for row in rows]

    async def unpaid_of(self, subscription_id: UUID) -> list[tuple[UUID, date]]:
        """The periods of a subscription that are not paid, the oldest first."""
        rows = await self._writing.execute(_OF_SUBSCRIPTION, {"id": subscription_id})
        return [(subscription_id, row.start_on) for row in rows]

    async def hold(self, periods: Collection[tuple[UUID, date]], at: datetime) -> dict[tuple[UUID, date], Owing]:
        """Hold these periods with their subscriptions and payments, and say how they stand. at: when methods must be good."""
        keys = sorted(periods)
        held = await self.hold_payments(keys)
        await self._writing.execute(_LOCK_SUBSCRIPTIONS, {"ids": sorted({key for key, _ in keys})})
        rows = (await self._writing.execute(_OF_PERIODS, {**_bound(keys), "held": held})).mappings()
        return {(row["subscription_id"], row["start_on"]): _owing(dict(row), at) for row in rows}

    async def hold_payments(self, periods: Collection[tuple[UUID, date]]) -> list[UUID]:
        """Hold the payments and orders of periods; returns those payments. It goes before holding their subscriptions."""
        bound = _bound(sorted(periods))
        held = list((await self._writing.execute(_LOCK_PAYMENTS, bound)).scalars())
        await self._writing.execute(_LOCK_ORDERS, bound)
        return held

    async def count(self, rows: Sequence[tuple[Owing, Failure, datetime | None, datetime]], at: datetime) -> None:
        """Count failures, with when each is tried again and given up."""
        await self._writing.execute(_COUNT, {"rows": _json([_counted(*row) for row in rows]), "at": at})

    async def set_runs(self, states: Sequence[RunState], at: datetime) -> None:
        """Bring runs to where they are to be."""
        if states:
            rows = [{name: getattr(one, name) for name in RunState.__slots__} for one in states]
            await self._writing.execute(_SET, {"rows": _json(rows), "at": at})

    async def move_periods(self, periods: Collection[tuple[UUID, date]], status: str, reason: str | None, at: datetime) -> None:
        """Bring periods to a status."""
        keys = sorted(periods)
        if keys:
            await self._writing.execute(_MOVE_PERIODS, {**_bound(keys), "status": status, "reason": reason, "at": at})

    async def void_periods(self, periods: Collection[tuple[UUID, date]], reason: str, at: datetime) -> None:
        """Let periods come to nothing; credit that they had taken is open again."""
        keys = sorted(periods)
        if keys:
            await self._writing.execute(_VOID, {**_bound(keys), "untaxed": sorted(UNTAXED), "reason": reason, "at": at})

    async def give_up(self, subscription_id: UUID, reason: str, at: datetime) -> None:
        """Ask for nothing more of what a subscription that is held owes."""
        await self._writing.execute(_GIVE_UP, {"id": subscription_id, "reason": reason, "at": at})

    async def past_due(self, until: dict[UUID, datetime], at: datetime) -> None:
        """Subscriptions are past due, with access until these moments; those that were before stay as they are."""
        bound = {"ids": list(until), "untils": list(until.values()), "at": at, "by": SYSTEM}
        await self._writing.execute(_PAST_DUE, bound)

    async def pay_with(self, one: Owing, payment_id: UUID, at: datetime) -> None:
        """The period is paid by another payment from now on."""
        bound = {"payment_id": payment_id, "id": one.subscription_id, "start_on": one.start_on, "at": at}
        await self._writing.execute(_PAYMENT, bound)

    async def change_method(self, payment_id: UUID, method_id: UUID, at: datetime) -> None:
        """A payment that is not under way is made with another method of the same account."""
        await self._writing.execute(_METHOD, {"id": payment_id, "method_id": method_id, "at": at, "by": SYSTEM})


def _bound(keys: Sequence[tuple[UUID, date]]) -> dict[str, Any]:
    return {"ids": [key for key, _ in keys], "starts": [start for _, start in keys]}


def _owing(row: dict[str, Any], at: datetime) -> Owing:
    said = {name: row.pop(name) for name in _POLICY}
    policy = DunningPolicy(**{**said, "retry_days": tuple(said["retry_days"])}) if said["retry_hour"] is not None else DEFAULT
    too_much = amount_fault(row.pop("max_amount_minor"), row.pop("method_label"), row["total_minor"])
    fault = method_fault(row, at) or too_much
    row["method_id"] = row.pop("payment_method_id")
    row["payment_method_id"] = row.pop("charged_method_id")
    del row["method_status"], row["method_expires_at"]
    return replace(Owing(**row, fault=fault), policy=policy)


def _counted(one: Owing, failure: Failure, next_try_at: datetime | None, deadline_at: datetime) -> dict[str, Any]:
    return {
        "subscription_id": one.subscription_id,
        "start_on": one.start_on,
        "organization_id": one.organization_id,
        "decline_kind": failure.kind,
        "failure": failure.failure,
        "began_at": one.began_at or failure.at,
        "next_try_at": next_try_at,
        "deadline_at": deadline_at,
        "last_failure": failure.reference,
    }


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, default=str)
