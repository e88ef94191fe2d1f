"""What the daily check reads: everything, a slice at a time."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.ledger.models import CheckedSlice
from shared.runtime.db import ReadSession

_TRANSACTIONS: Final = text("""
    WITH slice AS (
        SELECT id FROM ledger_transactions
         WHERE CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    ), summed AS (
        SELECT slice.id, sum(amount_minor) AS amount_minor, count(amount_minor) AS entries
          FROM slice LEFT JOIN ledger_entries ON transaction_id = slice.id GROUP BY slice.id, currency
    )
    SELECT (SELECT count(*) FROM slice) AS transactions, coalesce(sum(entries), 0)::bigint AS entries,
           (SELECT id FROM slice ORDER BY id DESC LIMIT 1) AS last_id,
           coalesce(array_agg(DISTINCT id ORDER BY id) FILTER (WHERE amount_minor IS DISTINCT FROM 0), '{}') AS unbalanced
      FROM summed
""")
_ORGANIZATIONS: Final = text("""
    SELECT DISTINCT organization_id FROM ledger_transactions
     WHERE CAST(:after AS uuid) IS NULL OR organization_id > CAST(:after AS uuid) ORDER BY organization_id LIMIT :limit
""")
_WRONG_CHECKPOINTS: Final = text("""
    WITH month AS (
        SELECT organization_id, account, currency, ledger_month_after(occurred_at) AS before, sum(amount_minor) AS moved
          FROM ledger_entries WHERE organization_id = ANY(CAST(:organization_ids AS uuid[])) GROUP BY 1, 2, 3, 4
    ), reached AS (
        SELECT *, sum(moved) OVER (PARTITION BY organization_id, account, currency ORDER BY before) AS balance_minor FROM month
    )
    SELECT count(*) FROM ledger_checkpoints AS kept LEFT JOIN reached USING (organization_id, account, currency, before)
     WHERE kept.organization_id = ANY(CAST(:organization_ids AS uuid[]))
       AND kept.balance_minor IS DISTINCT FROM reached.balance_minor
""")


class CheckReader:
    """Reads the whole ledger in slices, each of which is one statement and so one moment."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def transactions(self, *, after: UUID | None, limit: int) -> CheckedSlice:
        """Sum the entries of the next transactions in the order of their ids."""
        row = (await self._session.execute(_TRANSACTIONS, {"after": after, "limit": limit})).one()
        return CheckedSlice(row.transactions, row.entries, row.last_id, tuple(row.unbalanced))

    async def organizations(self, *, after: UUID | None, limit: int) -> list[UUID]:
        """The next organizations that have transactions, in the order of their ids."""
        return list((await self._session.scalars(_ORGANIZATIONS, {"after": after, "limit": limit})).all())

    async def wrong_checkpoints(self, organization_ids: list[UUID]) -> int:
        """How many checkpoints of these organizations are not what the entries before them sum to."""
        bound = {"organization_ids": organization_ids}
        count: int = (await self._session.execute(_WRONG_CHECKPOINTS, bound)).scalar_one()
        return count
