"""Statements on subscriptions of which customers are to be reminded. What finds one notes it, so a second run finds nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.subscriptions.due_models import DueRow
from services.payments.subscriptions.due_repository import SELECT_DUE
from shared.runtime.db import Session

_GOES_ON: Final = """subscription.status IN ('trialing', 'active') AND held_reason IS NULL AND NOT ends_at_period_end
       AND coalesce(next_period_start < ends_on, true)"""
# Who is charged every day or two would hear of nothing else.
_RENEWING: Final = text(f"""
    WITH due AS (
        SELECT subscription.id, CASE WHEN reminded_for = next_period_start THEN reminded_minor END AS told_minor
          FROM subscriptions AS subscription
          JOIN plan_versions AS version ON version.id = coalesce(next_plan_version_id, plan_version_id)
         WHERE {_GOES_ON} AND payment_method_id IS NOT NULL
           AND next_bill_at > :slot AND next_bill_at <= CAST(:slot AS timestamptz) + interval '24 hours'
           AND (reminded_for, reminded_version) IS DISTINCT FROM (next_period_start, subscription.version)
           AND NOT (interval_unit = 'day' AND interval_count < 3)
         ORDER BY next_bill_at, subscription.id LIMIT :limit FOR NO KEY UPDATE OF subscription SKIP LOCKED
    )
    UPDATE subscriptions SET reminded_for = next_period_start, reminded_version = version, reminded_minor = told_minor
      FROM due WHERE subscriptions.id = due.id
    RETURNING subscriptions.id, version, told_minor
""")  # noqa: S608 - put together from constants; values are bound

# The step is the smallest that the days left are within, so that after days without a run one SMS goes out and not three.
_EXPIRING: Final = text(f"""
    WITH due AS (
        SELECT subscription.id, days_left, step
          FROM subscriptions AS subscription
          JOIN plan_versions AS version ON version.id = coalesce(next_plan_version_id, plan_version_id)
          LEFT JOIN payment_methods AS method ON method.id = payment_method_id
         CROSS JOIN LATERAL (
               SELECT next_period_start - CAST(CAST(:slot AS timestamptz) AT TIME ZONE time_zone AS date) AS days_left) AS local
         CROSS JOIN LATERAL (
               SELECT min(one) AS step FROM unnest(CAST(:steps AS integer[])) AS one WHERE one >= days_left) AS next
         WHERE {_GOES_ON} AND days_left >= 1 AND step IS NOT NULL
           AND (method.id IS NULL OR method.status <> 'confirmed' OR method.expires_at <= next_bill_at)
           AND (reminded_period IS DISTINCT FROM next_period_start OR reminder_step > step)
           AND NOT (interval_unit = 'day' AND interval_count < 7)
           AND next_bill_at <= CAST(:slot AS timestamptz) + make_interval(days => :most + 1)
         ORDER BY next_bill_at, subscription.id LIMIT :limit FOR NO KEY UPDATE OF subscription SKIP LOCKED
    )
    UPDATE subscriptions SET reminder_step = step, reminded_period = next_period_start FROM due WHERE subscriptions.id = due.id
    RETURNING subscriptions.id, days_left, step
""")  # noqa: S608 - as above
_ANNOUNCED: Final = text("""
    UPDATE subscriptions SET reminded_minor = row.total_minor
      FROM unnest(CAST(:ids AS uuid[]), CAST(:totals AS bigint[])) AS row(id, total_minor) WHERE subscriptions.id = row.id
""")
_READ: Final = text(f"{SELECT_DUE} WHERE subscription.id = ANY (CAST(:ids AS uuid[])) ORDER BY subscription.id")


@dataclass(frozen=True, slots=True)
class Renewing:
    """What is charged soon. version: the subscription's. told_minor: what its customer was told before; None for nothing yet."""

    row: DueRow
    version: int
    told_minor: int | None


@dataclass(frozen=True, slots=True)
class Expiring:
    """What ends soon. step: which of the reminders it is, by the days before the end."""

    row: DueRow
    days_left: int
    step: int


class ReminderRepository:
    """Works in the session's unit of work, past subscriptions that somebody else is at."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_renewing(self, slot: datetime, limit: int) -> Sequence[Renewing]:
        """Those that are charged in the next 24 hours and were not announced yet as they are now."""
        taken = {row.id: row for row in await self._session.execute(_RENEWING, {"slot": slot, "limit": limit})}
        found = await self._read(list(taken))
        return [Renewing(row, taken[key].version, taken[key].told_minor) for key, row in found.items()]

    async def announced(self, totals: Mapping[UUID, int]) -> None:
        """Note what customers were told."""
        if totals:
            await self._session.execute(_ANNOUNCED, {"ids": list(totals), "totals": list(totals.values())})

    async def take_expiring(self, slot: datetime, steps: Sequence[int], limit: int) -> Sequence[Expiring]:
        """Those whose customers have to pay themselves, so many days before the end."""
        bound = {"slot": slot, "limit": limit, "steps": list(steps), "most": max(steps)}
        taken = {row.id: row for row in await self._session.execute(_EXPIRING, bound)}
        found = await self._read(list(taken))
        return [Expiring(row, taken[key].days_left, taken[key].step) for key, row in found.items()]

    async def _read(self, ids: Sequence[UUID]) -> dict[UUID, DueRow]:
        if not ids:
            return {}
        rows = (await self._session.execute(_READ, {"ids": sorted(ids)})).mappings()
        return {row["id"]: dict(row) for row in rows}
