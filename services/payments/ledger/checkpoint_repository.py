"""Checkpoints: what the accounts held when a month began, so that a balance sums a month of entries at most."""

from typing import Final

from sqlalchemy import text

from shared.runtime.db import Session

# Whoever posts for an earlier month holds this lock together with others; see the migration that made the table.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('payments.ledger_checkpoints', 0))")
_FORGET: Final = text("DELETE FROM ledger_checkpoints")
_MAKE: Final = text("""
    WITH RECURSIVE used AS (
        (SELECT organization_id, account, currency FROM ledger_entries ORDER BY organization_id, account, currency LIMIT 1)
        UNION ALL
        SELECT following.* FROM used CROSS JOIN LATERAL (
            SELECT organization_id, account, currency FROM ledger_entries AS entry
             WHERE (entry.organization_id, entry.account, entry.currency) > (used.organization_id, used.account, used.currency)
             ORDER BY organization_id, account, currency LIMIT 1) AS following
    ), based AS (
        SELECT used.*, coalesce(before, '-infinity') AS since, coalesce(balance_minor, 0) AS balance_minor
          FROM used LEFT JOIN LATERAL (
            SELECT before, balance_minor FROM ledger_checkpoints AS kept
             WHERE (kept.organization_id, kept.account, kept.currency) = (used.organization_id, used.account, used.currency)
             ORDER BY before DESC LIMIT 1) AS newest ON true
    )
    INSERT INTO ledger_checkpoints (organization_id, account, currency, before, balance_minor)
    SELECT organization_id, account, currency, month.before,
           balance_minor + sum(month.moved) OVER (PARTITION BY organization_id, account, currency ORDER BY month.before)
      FROM based CROSS JOIN LATERAL (
        SELECT ledger_month_after(occurred_at) AS before, sum(amount_minor) AS moved FROM ledger_entries AS entry
         WHERE entry.organization_id = based.organization_id AND entry.account = based.account
           AND entry.currency = based.currency AND occurred_at >= based.since
           AND occurred_at < date_trunc('month', now() - interval '2 hours', 'UTC')
         GROUP BY 1) AS month
    RETURNING 1
""")


class CheckpointRepository:
    """Makes checkpoints, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def refresh(self, *, from_scratch: bool) -> int:
        """Make the checkpoints that are missing of the months that are over, or all of them anew; returns how many.

        Postings for an earlier month wait until the unit of work ends. A month is over for this two hours after its end.
        """
        await self._session.execute(_LOCK)
        if from_scratch:
            await self._session.execute(_FORGET)
        return len((await self._session.scalars(_MAKE)).all())
