"""What the daily check reads: everything, a slice at a time."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.ledger.models import CheckedSlice
from shared.runtime.db import ReadSession

# The entries are found by the range of the slice and not by its ids, so that each slice reads a part of the index.
_TRANSACTIONS: Final = text("""
    WITH slice AS (
        SELECT id FROM ledger_transactions WHERE id > CAST(:after AS uuid) ORDER BY id LIMIT :limit
    ), last AS (
        SELECT id FROM slice ORDER BY id DESC LIMIT 1
    ), summed AS (
        SELECT transaction_id AS id, sum(amount_minor) AS amount_minor, count(*) AS entries FROM ledger_entries
         WHERE transaction_id > CAST(:after AS uuid) AND transaction_id <= (SELECT id FROM last) GROUP BY transaction_id, currency
    )
    SELECT (SELECT count(*) FROM slice) AS transactions, (SELECT coalesce(sum(entries), 0)::bigint FROM summed) AS entries,
           coalesce((SELECT id FROM last), CAST(:after AS uuid)) AS last_id,
           ARRAY(SELECT id FROM summed WHERE amount_minor <> 0
                 UNION SELECT id FROM slice WHERE id NOT IN (SELECT id FROM summed) ORDER BY id) AS unbalanced
""")
_ORGANIZATIONS: Final = text("""
    SELECT DISTINCT organization_id FROM ledger_transactions
     WHERE organization_id > CAST(:after AS uuid) ORDER BY organization_id LIMIT :limit
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

    async def transactions(self, *, after: UUID, limit: int) -> CheckedSlice:
        """Sum the entries of the next transactions in the order of their ids."""
        row = (await self._session.execute(_TRANSACTIONS, {"after": after, "limit": limit})).one()
        return CheckedSlice(row.transactions, row.entries, row.last_id, tuple(row.unbalanced))

    async def organizations(self, *, after: UUID, limit: int) -> list[UUID]:
        """The next organizations that have transactions, in the order of their ids."""
        return list((await self._session.scalars(_ORGANIZATIONS, {"after": after, "limit": limit})).all())

    async def wrong_checkpoints(self, organization_ids: list[UUID]) -> int:
        """How many checkpoints of these organizations are not what the entries before them sum to."""
        bound = {"organization_ids": organization_ids}
        count: int = (await self._session.execute(_WRONG_CHECKPOINTS, bound)).scalar_one()
        return count
