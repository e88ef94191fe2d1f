"""Statements on many subscriptions whose day has come: taking them, and writing what became of them, one for each table."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.payments.dunning.models import DEFAULT
from services.payments.subscriptions.due_models import HELD_FOR_PEOPLE, Decision, DueRow, Unbillable
from services.payments.subscriptions.models import SYSTEM
from services.payments.subscriptions.new_models import NewOrder, NewPeriod
from shared.runtime.db import ReadSession, Session

SELECT_DUE: Final = """
    SELECT subscription.id, subscription.organization_id, subscription.customer_id, subscription.status, subscription.time_zone,
           subscription.anchor, subscription.next_period_start, subscription.next_bill_at, subscription.quantity,
           subscription.next_quantity, subscription.ends_at_period_end, subscription.ends_on, subscription.payment_method_id,
           subscription.delivery, subscription.delivery_slot, to_jsonb(version.*) AS terms, to_jsonb(later.*) AS next_terms,
           customer.address, customer.state_code, customer.locale, to_jsonb(seller.*) AS seller,
           method.gateway, method.account, method.max_amount_minor, method.status AS method_status,
           method.kind AS method_kind, method.label AS method_label, method.expires_at AS method_expires_at,
           ARRAY(SELECT start_on FROM subscription_skips AS skip
                  WHERE skip.subscription_id = subscription.id AND start_on >= subscription.next_period_start) AS skips,
           (SELECT jsonb_agg(jsonb_build_object('id', id, 'description', description, 'hsn_sac', hsn_sac,
                                                'tax_rate_bp', tax_rate_bp, 'open_minor', open_minor) ORDER BY id)
              FROM subscription_adjustments AS adjustment
             WHERE adjustment.subscription_id = subscription.id AND open_minor <> 0) AS adjustments
      FROM subscriptions AS subscription
      JOIN plan_versions AS version ON version.id = subscription.plan_version_id
      JOIN customers AS customer ON customer.id = subscription.customer_id
      LEFT JOIN plan_versions AS later ON later.id = subscription.next_plan_version_id
      LEFT JOIN LATERAL (
            SELECT id, CASE WHEN gstin IS NOT NULL THEN state_code END AS state_code, lut_reference IS NOT NULL AS has_lut,
                   round_to_minor
              FROM legal_entities AS entity
             WHERE entity.organization_id = subscription.organization_id AND is_default) AS seller ON true
      LEFT JOIN payment_methods AS method ON method.id = subscription.payment_method_id
"""
NOT_PAUSED: Final = """NOT EXISTS (
           SELECT FROM subscription_settings AS settings
            WHERE settings.organization_id = subscription.organization_id AND billing_paused_at IS NOT NULL)"""
_HAS_COME: Final = """subscription.status IN ('trialing', 'active') AND subscription.held_reason IS NULL
       AND subscription.next_bill_at <= :slot"""
# Held first and read then: a statement sees other tables as they were when it began, so what was skipped or changed between that
# and the moment at which the row is held would be billed as it was.
_TAKE: Final = text(f"""
    SELECT id FROM subscriptions AS subscription
     WHERE {_HAS_COME} AND {NOT_PAUSED} AND coalesce(id = ANY (CAST(:ids AS uuid[])), true)
     ORDER BY next_bill_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")  # noqa: S608 - put together from constants; values are bound
_TAKEN: Final = text(f"""{SELECT_DUE}
     WHERE subscription.id = ANY (CAST(:ids AS uuid[])) ORDER BY subscription.next_bill_at, subscription.id
""")
# When a pause is over: on the day that was named, or on that of the end of what is paused, which is not put off. Whoever is to
# end goes on for that moment as it was left, so that its end comes as anybody's.
_OVER: Final = """
         CROSS JOIN LATERAL (SELECT CASE WHEN status <> 'paused' THEN NULL WHEN ends_at_period_end THEN next_period_start
                                         WHEN ends_on IS NOT NULL THEN greatest(next_period_start, ends_on)
                                    END AS end_on) AS ending
         CROSS JOIN LATERAL (SELECT CAST(end_on AS timestamp) AT TIME ZONE time_zone AS ends_at) AS ended
         CROSS JOIN LATERAL (SELECT least(resumes_at, ends_at) AS over_at,
                                    CASE WHEN ends_at <= coalesce(resumes_at, ends_at) THEN end_on
                                         ELSE greatest(next_period_start, CAST(resumes_at AT TIME ZONE time_zone AS date))
                                    END AS start_on,
                                    CAST(CAST(:slot AS timestamptz) AT TIME ZONE time_zone AS date) AS today) AS pause"""
# As they will be when they are billed: pauses that are over by then have ended, and who waits is looked at once more.
_AS_BILLED: Final = f"""
    WITH as_billed AS (
        SELECT id, organization_id, customer_id, time_zone, anchor, quantity, next_quantity, ends_at_period_end, ends_on,
               payment_method_id, delivery, delivery_slot, plan_version_id, next_plan_version_id, held_reason,
               CASE WHEN NOT resumes THEN status WHEN trial_ends_on > today THEN 'trialing' ELSE 'active' END AS status,
               CASE WHEN resumes THEN start_on ELSE next_period_start END AS next_period_start,
               CASE WHEN resumes THEN CAST(start_on AS timestamp) AT TIME ZONE time_zone ELSE next_bill_at END AS next_bill_at
          FROM subscriptions{_OVER}
         CROSS JOIN LATERAL (SELECT coalesce(over_at <= :slot, false) AS resumes) AS resumed
         WHERE organization_id = :organization_id
    )"""  # noqa: S608 - put together from constants
_LOOK: Final = text(f"""{_AS_BILLED}{SELECT_DUE.replace("FROM subscriptions AS", "FROM as_billed AS")}
     WHERE subscription.status IN ('trialing', 'active')
       AND coalesce(subscription.held_reason <> ALL (CAST(:kept AS text[])), true)
       AND subscription.next_bill_at <= :slot
       AND coalesce(subscription.id > CAST(:after AS uuid), true)
     ORDER BY subscription.id LIMIT :limit
""")
# In no order, so that none waits behind many that stay as they are.
_WAITING: Final = text(f"""{SELECT_DUE}
     WHERE subscription.status IN ('trialing', 'active') AND {NOT_PAUSED}
       AND subscription.held_reason <> ALL (CAST(:kept AS text[])) AND subscription.next_bill_at <= :slot
     ORDER BY random() LIMIT :limit FOR NO KEY UPDATE OF subscription SKIP LOCKED
""")
_FREE: Final = text("""
    UPDATE subscriptions SET held_reason = NULL, version = version + 1, updated_at = :at, changed_by = :by,
                             change_reason = 'it can be billed again'
     WHERE id = ANY (CAST(:ids AS uuid[]))
""")
# On the day that was named, however late it is by now: what is missed meanwhile is caught up as anybody's.
_RESUME: Final = text(f"""
    WITH due AS (
        SELECT id, today, start_on, coalesce(over_at = ends_at, false) AS is_end FROM subscriptions{_OVER}
         WHERE (resumes_at <= :slot OR (status = 'paused' AND (ends_at_period_end OR ends_on IS NOT NULL) AND ends_at <= :slot))
         ORDER BY id LIMIT :limit FOR NO KEY UPDATE OF subscriptions SKIP LOCKED
    )
    UPDATE subscriptions
       SET status = CASE WHEN trial_ends_on > today THEN 'trialing' ELSE 'active' END, next_period_start = start_on,
           next_bill_at = CAST(start_on AS timestamp) AT TIME ZONE time_zone, paused_on = NULL, resumes_at = NULL,
           version = version + 1, updated_at = :slot, changed_by = :by,
           change_reason = CASE WHEN is_end THEN 'its end has come in the pause' ELSE 'the pause is over' END
      FROM due WHERE subscriptions.id = due.id
    RETURNING subscriptions.id
""")  # noqa: S608 - put together from constants
# A charge that was on its way when the pause began may have failed in it. access_until: as `dunning/timing.py` has it.
STILL_OWED: Final = text("""
    UPDATE subscriptions
       SET status = 'past_due', access_until = owed.access_until, version = version + 1, updated_at = :at, changed_by = :by,
           change_reason = 'a period from before the pause is not paid'
      FROM (SELECT paused.id AS key,
                   min(CAST(CAST(run.began_at AT TIME ZONE paused.time_zone AS date) + coalesce(grace_days, :grace_days) + 1
                            AS timestamp) AT TIME ZONE paused.time_zone) AS access_until
              FROM subscriptions AS paused
              JOIN subscription_periods AS period ON period.subscription_id = paused.id
              LEFT JOIN dunning_runs AS run ON (run.subscription_id, run.start_on) = (period.subscription_id, period.start_on)
              LEFT JOIN subscription_settings AS settings ON settings.organization_id = paused.organization_id
             WHERE paused.id = ANY (CAST(:ids AS uuid[])) AND period.status IN ('past_due', 'unpaid')
               AND period.given_up_reason IS NULL
             GROUP BY paused.id) AS owed
     WHERE subscriptions.id = key
    RETURNING subscriptions.id
""")

_PERIODS: Final = text("""
    INSERT INTO subscription_periods (subscription_id, start_on, end_on, organization_id, customer_id, legal_entity_id,
                                      plan_version_id, quantity, status, reason, currency, lines, place_of_supply, supply_kind,
                                      taxable_minor, tax_minor, round_off_minor, total_minor, order_id, payment_id, taken,
                                      billed_at, paid_at, updated_at)
    SELECT subscription_id, start_on, end_on, organization_id, customer_id, legal_entity_id, plan_version_id, quantity, status,
           reason, currency, lines, place_of_supply, supply_kind, taxable_minor, tax_minor, round_off_minor, total_minor,
           order_id, payment_id, taken, :at, CASE WHEN status = 'paid' THEN CAST(:at AS timestamptz) END, :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
               subscription_id uuid, start_on date, end_on date, organization_id uuid, customer_id uuid, legal_entity_id uuid,
               plan_version_id uuid, quantity integer, status text, reason text, currency text, lines jsonb,
               place_of_supply text, supply_kind text, taxable_minor bigint, tax_minor bigint, round_off_minor bigint,
               total_minor bigint, order_id uuid, payment_id uuid, taken jsonb)
     ORDER BY subscription_id, start_on
    ON CONFLICT (subscription_id, start_on) DO NOTHING
    RETURNING subscription_id, start_on
""")
_ORDERS: Final = text("""
    WITH placed AS (
        INSERT INTO orders (id, organization_id, customer_id, legal_entity_id, number, status, currency, subtotal_minor,
                            discount_minor, tax_minor, round_off_minor, total_minor, supply_kind, supplier_state,
                            place_of_supply, round_to_minor, delivery, due_on, placed_at, subscription_id, period_start,
                            created_at, updated_at, changed_by, change_reason)
        SELECT id, organization_id, customer_id, legal_entity_id, number,
               CASE WHEN total_minor = 0 THEN 'paid' ELSE 'placed' END, currency, subtotal_minor, discount_minor, tax_minor,
               round_off_minor, total_minor, supply_kind, supplier_state, place_of_supply, round_to_minor, delivery, due_on, :at,
               subscription_id, period_start, :at, :at, :by, 'a period of its subscription has begun'
          FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
                   id uuid, organization_id uuid, customer_id uuid, legal_entity_id uuid, number text, currency text,
                   subtotal_minor bigint, discount_minor bigint, tax_minor bigint, round_off_minor bigint, total_minor bigint,
                   supply_kind text, supplier_state text, place_of_supply text, round_to_minor bigint, delivery jsonb,
                   due_on date, subscription_id uuid, period_start date)
         ORDER BY id
        RETURNING id
    )
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor, capability)
    SELECT placed.id, line.number, line.sku, line.name, line.hsn_sac, line.quantity, line.unit_price_minor, line.discount_minor,
           line.tax_rate_bp, line.taxable_minor, line.cgst_minor, line.sgst_minor, line.utgst_minor, line.igst_minor,
           line.total_minor, line.capability
      FROM placed
      JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id uuid, lines jsonb) ON row.id = placed.id
     CROSS JOIN jsonb_to_recordset(row.lines) AS line(
               number integer, sku text, name text, hsn_sac text, quantity integer, unit_price_minor bigint,
               discount_minor bigint, tax_rate_bp integer,
               taxable_minor bigint, cgst_minor bigint, sgst_minor bigint, utgst_minor bigint,
               igst_minor bigint, total_minor bigint, capability text)
""")
_MOVE: Final = text("""
    UPDATE subscriptions
       SET status = row.status, plan_version_id = row.plan_version_id, quantity = row.quantity, anchor = row.anchor,
           next_plan_version_id = NULL, next_quantity = NULL, next_period_start = row.next_period_start,
           next_bill_at = row.next_bill_at, held_reason = row.held_reason,
           cancelled_at = CASE WHEN row.next_bill_at IS NULL THEN CAST(:at AS timestamptz) END,
           version = version + 1, updated_at = :at, changed_by = :by,
           change_reason = CASE WHEN row.next_bill_at IS NULL THEN 'its end has come' ELSE 'its next period has begun' END
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(
               id uuid, status text, plan_version_id uuid, quantity integer, anchor date, next_period_start date,
               next_bill_at timestamptz, held_reason text)
     WHERE subscriptions.id = row.id
""")
_TAKE_OFF: Final = text("""
    UPDATE subscription_adjustments SET open_minor = open_minor - row.taken_minor
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id uuid, taken_minor bigint)
     WHERE subscription_adjustments.id = row.id
""")
_HOLD: Final = text("""
    UPDATE subscriptions SET held_reason = row.reason, version = version + 1, updated_at = :at, changed_by = :by,
                             change_reason = 'it cannot be billed as it is'
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(id uuid, reason text)
     WHERE subscriptions.id = row.id
""")


_OF_VALUES: Final = ("22", "23")
"""The classes of SQLSTATE that say so: data exceptions, violated constraints."""


class Refused(Exception):
    """The database refuses a value."""


class DueReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def look(self, slot: datetime, organization_id: UUID, *, after: UUID | None, limit: int) -> list[DueRow]:
        """An organization's whose day will have come by `slot`, in the order of their ids, without taking them."""
        bound = {"slot": slot, "organization_id": organization_id, "after": after, "limit": limit, "kept": list(HELD_FOR_PEOPLE)}
        return [dict(row) for row in (await self._session.execute(_LOOK, bound)).mappings()]


class DueRepository(DueReader):
    """Works in the session's unit of work, past subscriptions that somebody else is at."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def take(self, slot: datetime, *, limit: int, ids: Collection[UUID] | None = None) -> list[DueRow]:
        """Hold those whose day has come by `slot`, the longest overdue first. ids: of these only."""
        bound = {"slot": slot, "limit": limit, "ids": sorted(ids) if ids is not None else None}
        taken = list((await self._writing.scalars(_TAKE, bound)).all())
        if not taken:
            return []
        return [dict(row) for row in (await self._writing.execute(_TAKEN, {"ids": taken})).mappings()]

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[None]:
        """What is written within is written as a whole, or not at all: raises Refused where a value is not allowed."""
        try:
            async with self._writing.begin_nested():
                yield
        except DBAPIError as error:
            if (getattr(error.orig, "sqlstate", None) or "")[:2] not in _OF_VALUES:
                raise
            raise Refused(str(error.orig)) from error

    async def resume(self, slot: datetime, limit: int) -> None:
        """End pauses that are over by `slot`. Whoever owes something from before is past due, and not billed."""
        bound = {"slot": slot, "limit": limit, "by": SYSTEM}
        ids = list((await self._writing.execute(_RESUME, bound)).scalars())
        if ids:
            owing = {"ids": ids, "at": slot, "by": SYSTEM, "grace_days": DEFAULT.grace_days}
            await self._writing.execute(STILL_OWED, owing)

    async def waiting(self, slot: datetime, *, limit: int) -> list[DueRow]:
        """Hold those whose day has come by `slot` and that nobody could bill, but for those that a person has to look at."""
        bound = {"slot": slot, "limit": limit, "kept": list(HELD_FOR_PEOPLE)}
        return [dict(row) for row in (await self._writing.execute(_WAITING, bound)).mappings()]

    async def free(self, ids: Collection[UUID], at: datetime) -> None:
        """Let these wait no more."""
        if ids:
            await self._writing.execute(_FREE, {"ids": sorted(ids), "at": at, "by": SYSTEM})

    async def write_periods(self, periods: Sequence[NewPeriod], at: datetime) -> set[tuple[UUID, date]]:
        """Write periods; returns which of them there were not."""
        if not periods:
            return set()
        rows = await self._writing.execute(_PERIODS, {"rows": _json([asdict(one) for one in periods]), "at": at})
        return {(row.subscription_id, row.start_on) for row in rows}

    async def place(self, orders: Sequence[NewOrder], at: datetime) -> None:
        """Write the orders of periods with their lines."""
        if orders:
            await self._writing.execute(_ORDERS, {"rows": _json([asdict(one) for one in orders]), "at": at, "by": SYSTEM})

    async def move_on(self, decisions: Sequence[Decision], at: datetime) -> None:
        """Bring subscriptions to where they are after what was decided about them."""
        if decisions:
            rows = [_moved(one) for one in decisions]
            await self._writing.execute(_MOVE, {"rows": _json(rows), "at": at, "by": SYSTEM})

    async def take_off(self, taken: Sequence[tuple[UUID, int]]) -> None:
        """Count what periods have taken of adjustments."""
        if taken:
            rows = [{"id": key, "taken_minor": amount} for key, amount in taken]
            await self._writing.execute(_TAKE_OFF, {"rows": _json(rows)})

    async def hold(self, unbillable: Sequence[Unbillable], at: datetime) -> None:
        """Let these wait for a person."""
        if unbillable:
            rows = [{"id": one.id, "reason": one.reason} for one in unbillable]
            await self._writing.execute(_HOLD, {"rows": _json(rows), "at": at, "by": SYSTEM})


def _moved(decision: Decision) -> dict[str, Any]:
    due = decision.due
    return {
        "id": due.id,
        "status": decision.status,
        "plan_version_id": due.terms.id,
        "quantity": due.quantity,
        "anchor": due.anchor,
        "next_period_start": due.next_period_start,
        "next_bill_at": decision.next_bill_at,
        "held_reason": decision.held_reason,
    }


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, default=str)
