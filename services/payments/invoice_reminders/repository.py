"""Finding the invoices whose next reminder has come, and noting that it went out, in one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoice_reminders.models import STEPS, Reminder
from services.payments.invoices.repository import COLUMNS, invoice_of
from shared.runtime.db import Session

# Of the steps that have come by the local day of the slot only the latest counts: after days without a scheduler one reminder
# goes out and not one for each. A step that lies on the day of issue or before is none. The rows are locked in the order of their
# ids and looked at once more after the wait, so whoever is paying is waited for.
#
# What was paid for an order and given back leaves its invoice open until a credit note closes it. The order asks for nothing and
# takes nothing any more, so nobody is reminded of it.
_STILL_ASKED_FOR: Final = """NOT EXISTS (
               SELECT FROM orders WHERE orders.id = invoices.order_id AND refunded_minor > 0 AND due_minor = 0)"""
_TAKE: Final = text(f"""
    WITH unpaid AS MATERIALIZED (
        SELECT id, due_on, issued_on, (CAST(:slot AS timestamptz) AT TIME ZONE (seller ->> 'time_zone'))::date AS today
          FROM invoices
         WHERE balance_minor > 0 AND disputed_at IS NULL AND {_STILL_ASKED_FOR}
           AND due_on <= (CAST(:slot AS timestamptz) AT TIME ZONE 'UTC')::date - CAST(:first AS int) + 1
           AND coalesce(id > CAST(:after AS uuid), true)
           AND NOT EXISTS (SELECT FROM invoice_reminders WHERE invoice_id = invoices.id AND days = CAST(:last AS smallint))
         ORDER BY id
    ), due AS MATERIALIZED (
        SELECT unpaid.id, step.days, unpaid.today
          FROM unpaid CROSS JOIN LATERAL (
                   SELECT max(days) AS days FROM unnest(CAST(:steps AS smallint[])) AS days
                    WHERE days <= unpaid.today - unpaid.due_on AND unpaid.due_on + days > unpaid.issued_on) AS step
         WHERE step.days IS NOT NULL
           AND NOT EXISTS (SELECT FROM invoice_reminders AS sent WHERE sent.invoice_id = unpaid.id AND sent.days >= step.days)
         ORDER BY unpaid.id LIMIT :limit
    ), locked AS MATERIALIZED (
        SELECT invoices.id, due.days, due.today, invoices.balance_minor
          FROM due JOIN invoices ON invoices.id = due.id
         WHERE invoices.balance_minor > 0 AND invoices.disputed_at IS NULL
         ORDER BY invoices.id FOR NO KEY UPDATE OF invoices
    ), noted AS (
        INSERT INTO invoice_reminders (invoice_id, days, reminded_on, due_minor, slot)
        SELECT id, days, today, balance_minor, :slot FROM locked
        ON CONFLICT DO NOTHING RETURNING invoice_id, days, reminded_on
    )
    SELECT noted.days AS step, noted.reminded_on - invoices.due_on AS days_overdue,
           (SELECT count(*) FROM due) AS found, (SELECT max(id::text) FROM due) AS last_id, {COLUMNS}
      FROM (SELECT 1) AS always LEFT JOIN noted ON true LEFT JOIN invoices ON invoices.id = noted.invoice_id
     ORDER BY invoices.id
""")  # noqa: S608 - the columns are constants of a repository


class ReminderRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take(self, slot: datetime, *, after: UUID | None, limit: int) -> tuple[Sequence[Reminder], UUID | None]:
        """The reminders that have come by `slot`, noted as sent, of the next `limit` invoices after `after`.

        And the invoice up to which this looked; None where there is no further one.
        """
        bound = {"slot": slot, "after": after, "limit": limit, "steps": list(STEPS), "first": STEPS[0], "last": STEPS[-1]}
        rows = (await self._session.execute(_TAKE, bound)).mappings().all()
        reminders = []
        for row in rows:
            plain = dict(row)
            step, days_overdue = plain.pop("step"), plain.pop("days_overdue")
            del plain["found"], plain["last_id"]
            if plain["id"] is not None:
                reminders.append(Reminder(invoice_of(plain), step, days_overdue))
        return reminders, UUID(rows[0]["last_id"]) if rows[0]["found"] == limit else None
