"""Statements on notices that precede debits of mandates, many at once."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.mandates.models import Asked, Debit, Heard, Key, Notice, Told
from services.payments.subscriptions.due_models import DueRow
from services.payments.subscriptions.due_repository import NOT_PAUSED, SELECT_DUE
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_COLUMNS: Final = ", ".join(f"notice.{field.name}" for field in fields(Notice))
_KEYS: Final = "unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)"
_NEWEST: Final = text(f"""
    SELECT DISTINCT ON (notice.subscription_id, notice.start_on) {_COLUMNS}
      FROM mandate_notices AS notice JOIN {_KEYS} ON (notice.subscription_id, notice.start_on) = (row.id, row.start_on)
     ORDER BY notice.subscription_id, notice.start_on, notice.number DESC
""")  # noqa: S608 - put together from constants of this module; values are bound

# Why payments of subscriptions may not be charged yet. One debit of a UPI mandate is on its way at a time.
_BARRED: Final = text("""
    SELECT payment.id,
           CASE WHEN method.kind = 'upi' AND EXISTS (
                         SELECT FROM payments AS other
                          WHERE other.payment_method_id = method.id AND other.id <> payment.id
                            AND other.status IN ('processing', 'requires_action', 'authorized', 'unknown')) THEN 'busy'
                WHEN NOT coalesce(notice.status = 'delivered' AND notice.amount_minor = payment.amount_minor
                                  AND notice.currency = payment.currency AND notice.payment_method_id = method.id
                                  AND notice.gateway_order_id = payment.gateway_order_id AND notice.charge_after <= :at
                                  AND notice.charge_after > CAST(:at AS timestamptz) - interval '3 days', false)
                THEN 'unnoticed' END AS why
      FROM payments AS payment JOIN payment_methods AS method ON method.id = payment.payment_method_id
      LEFT JOIN LATERAL (SELECT * FROM mandate_notices AS one
                          WHERE (one.subscription_id, one.start_on) = (payment.subscription_id, payment.period_start)
                          ORDER BY number DESC LIMIT 1) AS notice ON true
     WHERE payment.id = ANY (CAST(:ids AS uuid[])) AND payment.subscription_id IS NOT NULL AND payment.currency = 'INR'
       AND method.gateway = 'razorpay' AND method.kind IN ('card', 'upi')
""")
_OF_SUBSCRIPTION: Final = text("""
    SELECT id, start_on, number, payment_method_id, currency, amount_minor, charge_after, status, detail, asked_at, delivered_at
      FROM mandate_notices WHERE subscription_id = :id ORDER BY start_on DESC, number DESC LIMIT 100
""")
_ADD: Final = text("""
    INSERT INTO mandate_notices (id, subscription_id, start_on, number, organization_id, payment_method_id, gateway, account,
                                 currency, amount_minor, charge_after, then_charge, created_at, updated_at)
    SELECT id, subscription_id, start_on,
           (SELECT coalesce(max(number), 0) + 1 FROM mandate_notices AS known
             WHERE (known.subscription_id, known.start_on) = (row.subscription_id, row.start_on)),
           organization_id, payment_method_id, gateway, account, currency, amount_minor, charge_after, then_charge, :at, :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
               id uuid, subscription_id uuid, start_on date, organization_id uuid, payment_method_id uuid, gateway text,
               account text, currency text, amount_minor bigint, charge_after timestamptz, then_charge boolean)
     ORDER BY subscription_id, start_on
    ON CONFLICT (subscription_id, start_on, number) DO NOTHING
    RETURNING id
""")
_SPEND: Final = text(f"""
    UPDATE mandate_notices AS notice SET status = 'spent', updated_at = :at FROM {_KEYS}
     WHERE (notice.subscription_id, notice.start_on) = (row.id, row.start_on) AND notice.status = 'delivered'
""")  # noqa: S608 - as above
_THEN_CHARGE: Final = text(
    "UPDATE mandate_notices SET then_charge = true, updated_at = :at WHERE id = ANY (CAST(:ids AS uuid[]))"
)
_BIND: Final = text("""
    UPDATE payments SET gateway_order_id = row.order_id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:orders AS text[])) AS row(id, order_id) WHERE payments.id = row.id
""")

# Those that are charged soon and of which nobody has been told; who begins within that time is told as soon as possible.
_UPCOMING: Final = text(f"""{SELECT_DUE}
     WHERE subscription.status IN ('trialing', 'active') AND subscription.held_reason IS NULL AND {NOT_PAUSED}
       AND subscription.next_bill_at > :slot AND subscription.next_bill_at <= :until
       AND NOT subscription.ends_at_period_end AND coalesce(subscription.next_period_start < subscription.ends_on, true)
       AND method.gateway = 'razorpay' AND method.kind IN ('card', 'upi') AND method.status = 'confirmed'
       AND coalesce(later.currency, version.currency) = 'INR'
       AND NOT EXISTS (SELECT FROM mandate_notices AS notice
                        WHERE (notice.subscription_id, notice.start_on) = (subscription.id, subscription.next_period_start))
       AND coalesce(subscription.id > CAST(:after AS uuid), true)
     ORDER BY subscription.id LIMIT :limit FOR NO KEY UPDATE OF subscription SKIP LOCKED
""")
_LOCK: Final = text(f"""
    SELECT {_COLUMNS} FROM mandate_notices AS notice WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608 - as above
_HEAR: Final = text("""
    INSERT INTO mandate_notice_reports (account, gateway_order_id, delivered, reported_at)
    SELECT account, order_id, bool_and(delivered), :at
      FROM unnest(CAST(:accounts AS text[]), CAST(:orders AS text[]), CAST(:delivered AS boolean[]))
           AS row(account, order_id, delivered)
     GROUP BY account, order_id ORDER BY account, order_id
    ON CONFLICT DO NOTHING
""")
_REPORTED: Final = text(f"""
    SELECT {_COLUMNS}, report.delivered FROM mandate_notices AS notice
      JOIN mandate_notice_reports AS report USING (account, gateway_order_id)
     WHERE notice.status = 'asked' ORDER BY notice.id LIMIT :limit
""")  # noqa: S608 - as above
_PRUNE: Final = text("DELETE FROM mandate_notice_reports WHERE reported_at < :before")
_ASK: Final = text("""
    UPDATE mandate_notices SET status = 'asked', asked_at = :at, updated_at = :at
     WHERE id = ANY (CAST(:ids AS uuid[])) AND status = 'wanted'
""")
_RECORD: Final = text("""
    UPDATE mandate_notices AS notice
       SET gateway_order_id = coalesce(row.gateway_order_id, notice.gateway_order_id),
           status = coalesce(row.status, notice.status), detail = row.detail, updated_at = :at,
           delivered_at = CASE WHEN row.status = 'delivered' THEN CAST(:at AS timestamptz) END
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id uuid, status text, gateway_order_id text, detail text)
     WHERE notice.id = row.id AND notice.status IN ('wanted', 'asked')
    RETURNING notice.id
""")
_UNCONFIRMED: Final = text(f"""
    SELECT {_COLUMNS} FROM mandate_notices AS notice
     WHERE status IN ('wanted', 'asked') AND charge_after <= :before ORDER BY charge_after, id LIMIT :limit
""")  # noqa: S608 - as above
_CARDS: Final = text("""
    SELECT id, gateway_customer_id, token, status FROM payment_methods WHERE id = ANY (CAST(:ids AS uuid[]))
""")
# An open notice of a period that is not owed any more stands in nobody's way.
_OPEN: Final = text("""
    SELECT DISTINCT payment_method_id, currency, amount_minor FROM mandate_notices AS notice
     WHERE payment_method_id = ANY (CAST(:ids AS uuid[])) AND status IN ('wanted', 'asked', 'delivered')
       AND charge_after > CAST(:at AS timestamptz) - interval '3 days'
       AND NOT EXISTS (SELECT FROM subscription_periods AS period
                        WHERE (period.subscription_id, period.start_on) = (notice.subscription_id, notice.start_on)
                          AND period.status NOT IN ('open', 'past_due', 'unpaid'))
""")
_LEFT_OVER: Final = text("""
    SELECT payment.id AS payment_id, payment.subscription_id, payment.period_start AS start_on, payment.organization_id,
           payment.payment_method_id, payment.gateway, payment.account, payment.currency, payment.amount_minor
      FROM subscription_periods AS period JOIN payments AS payment ON payment.id = period.payment_id
      JOIN payment_methods AS method ON method.id = payment.payment_method_id
     WHERE period.status = 'open' AND payment.status = 'created' AND payment.is_live AND payment.currency = 'INR'
       AND method.gateway = 'razorpay' AND method.kind IN ('card', 'upi')
       AND NOT EXISTS (SELECT FROM mandate_notices AS notice
                        WHERE (notice.subscription_id, notice.start_on) = (period.subscription_id, period.start_on)
                          AND notice.status IN ('wanted', 'asked', 'delivered'))
       AND NOT EXISTS (SELECT FROM dunning_runs AS run
                        WHERE (run.subscription_id, run.start_on) = (period.subscription_id, period.start_on))
     ORDER BY period.start_on, payment.id LIMIT :limit FOR NO KEY UPDATE OF payment SKIP LOCKED
""")
_PAYMENTS: Final = text(f"""
    SELECT payment.id AS payment_id, payment.subscription_id, payment.period_start AS start_on, payment.organization_id,
           payment.payment_method_id, payment.gateway, payment.account, payment.currency, payment.amount_minor
      FROM payments AS payment JOIN {_KEYS} ON (payment.subscription_id, payment.period_start) = (row.id, row.start_on)
     WHERE payment.is_live AND payment.status IN ('created', 'failed') AND payment.payment_method_id IS NOT NULL
     ORDER BY payment.id FOR NO KEY UPDATE OF payment
""")  # noqa: S608 - as above


class NoticeReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, keys: Collection[Key]) -> dict[Key, Notice]:
        """The notices that count, of these periods."""
        found = [Notice(**row) for row in (await self._session.execute(_NEWEST, _bound(keys))).mappings()]
        return {one.key: one for one in found}

    async def of_subscription(self, subscription_id: UUID) -> list[dict[str, Any]]:
        """All notices of a subscription, the newest first; at most 100."""
        return [dict(row) for row in (await self._session.execute(_OF_SUBSCRIPTION, {"id": subscription_id})).mappings()]

    async def barred(self, payment_ids: Collection[UUID], at: datetime) -> dict[UUID, str]:
        """Which of these payments are debits that may not be made at this moment: `unnoticed`, or `busy` with another one."""
        rows = await self._session.execute(_BARRED, {"ids": list(payment_ids), "at": at})
        return {row.id: row.why for row in rows if row.why is not None}


class NoticeRepository(NoticeReader):
    """Works in the session's unit of work. Notices are held after payments and subscriptions."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def add(self, debits: Sequence[tuple[Debit, datetime]], *, then_charge: bool, at: datetime) -> list[UUID]:
        """Want notices of these debits, each to be made after its moment, under the next numbers of their periods."""
        if not debits:
            return []
        rows = [
            {**_told(debit), "id": uuid7(), "charge_after": charge_after, "then_charge": then_charge}
            for debit, charge_after in debits
        ]
        return list((await self._writing.execute(_ADD, {"rows": json.dumps(rows, default=str), "at": at})).scalars())

    async def spend(self, keys: Collection[Key], at: datetime) -> None:
        """The debits that were told of have been tried: another try needs another notice."""
        if keys:
            await self._writing.execute(_SPEND, {**_bound(keys), "at": at})

    async def then_charge(self, notice_ids: Collection[UUID], at: datetime) -> None:
        """Have the charges made once these notices are delivered."""
        if notice_ids:
            await self._writing.execute(_THEN_CHARGE, {"ids": list(notice_ids), "at": at})

    async def bind(self, orders: Mapping[UUID, str]) -> None:
        """Have payments, which are held, made under the gateway's orders that their notices came with."""
        if orders:
            await self._writing.execute(_BIND, {"ids": list(orders), "orders": list(orders.values())})

    async def upcoming(self, slot: datetime, until: datetime, *, after: UUID | None, limit: int) -> list[DueRow]:
        """Subscriptions that are billed within that time, on a mandate, and of which nobody has been told. They are held."""
        bound = {"slot": slot, "until": until, "after": after, "limit": limit}
        return [dict(row) for row in (await self._writing.execute(_UPCOMING, bound)).mappings()]

    async def lock(self, notice_ids: Collection[UUID]) -> dict[UUID, Notice]:
        """Hold these."""
        rows = (await self._writing.execute(_LOCK, {"ids": sorted(notice_ids)})).mappings()
        return {row["id"]: Notice(**row) for row in rows}

    async def prune(self, before: datetime) -> None:
        """Forget what was told before: the notices themselves say what became of them."""
        await self._session.execute(_PRUNE, {"before": before})

    async def hear(self, heard: Sequence[Heard], at: datetime) -> None:
        """Keep what gateways tell; the first word on an order counts."""
        bound = {
            "accounts": [one.account for one in heard],
            "orders": [one.gateway_order_id for one in heard],
            "delivered": [one.delivered for one in heard],
        }
        await self._writing.execute(_HEAR, {**bound, "at": at})

    async def reported(self, limit: int) -> list[tuple[Notice, bool]]:
        """Those of which a gateway has told whether it has delivered them, and that do not know it yet."""
        rows = [dict(row) for row in (await self._writing.execute(_REPORTED, {"limit": limit})).mappings()]
        return [(Notice(**row), delivered) for row in rows for delivered in (row.pop("delivered"),)]

    async def ask(self, notice_ids: Collection[UUID], at: datetime) -> None:
        """The gateway is about to be asked for these."""
        await self._writing.execute(_ASK, {"ids": list(notice_ids), "at": at})

    async def record(self, asked: Sequence[Asked], at: datetime) -> set[UUID]:
        """Note what came of them; returns those of which it was not known before."""
        if not asked:
            return set()
        rows = json.dumps([asdict(one) for one in asked], default=str)
        return set((await self._writing.execute(_RECORD, {"rows": rows, "at": at})).scalars())

    async def unconfirmed(self, before: datetime, limit: int) -> list[Notice]:
        """Those whose debit was to be made by then, and of which nobody has heard."""
        bound = {"before": before, "limit": limit}
        return [Notice(**row) for row in (await self._writing.execute(_UNCONFIRMED, bound)).mappings()]

    async def mandates(self, method_ids: Collection[UUID]) -> dict[UUID, tuple[str, str, str]]:
        """The gateway's customer, the token and its status, by stored method."""
        rows = await self._writing.execute(_CARDS, {"ids": list(method_ids)})
        return {row.id: (row.gateway_customer_id, row.token, row.status) for row in rows}

    async def open_of(self, method_ids: Collection[UUID], at: datetime) -> set[Told]:
        """Of what debits of these mandates their holders are being told, or were told and it is still to come."""
        rows = await self._writing.execute(_OPEN, {"ids": list(method_ids), "at": at})
        return {(row.payment_method_id, row.currency, row.amount_minor) for row in rows}

    async def left_over(self, limit: int) -> list[Debit]:
        """What was billed on mandates, and neither has a notice nor has failed; the payments are held, the oldest first."""
        return [Debit(**row) for row in (await self._writing.execute(_LEFT_OVER, {"limit": limit})).mappings()]

    async def debits(self, keys: Collection[Key]) -> dict[Key, Debit]:
        """What is to be charged of these periods, their payments held; those are missing that have none to charge."""
        found = [Debit(**row) for row in (await self._writing.execute(_PAYMENTS, _bound(keys))).mappings()]
        return {one.key: one for one in found}


def _bound(keys: Collection[Key]) -> dict[str, Any]:
    listed: list[tuple[UUID, date]] = sorted(keys)
    return {"ids": [key for key, _ in listed], "starts": [start for _, start in listed]}


def _told(debit: Debit) -> dict[str, Any]:
    told = asdict(debit)
    del told["payment_id"]
    return told
