"""Balances, read from an index and the newest checkpoint, and the statement of an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.ledger.models import Account, AccountBalance, StatementLine
from shared.runtime.db import ReadSession

# Finds the accounts by leaps through the index: an organization has tens of them, and any number of entries.
_BALANCES: Final = text("""
    WITH RECURSIVE used AS (
        (SELECT account, currency FROM ledger_entries WHERE organization_id = :organization_id ORDER BY account, currency LIMIT 1)
        UNION ALL
        SELECT following.account, following.currency FROM used CROSS JOIN LATERAL (
            SELECT account, currency FROM ledger_entries
             WHERE organization_id = :organization_id AND (account, currency) > (used.account, used.currency)
             ORDER BY account, currency LIMIT 1) AS following
    )
    SELECT used.currency, used.account,
           (coalesce(checkpoint.balance_minor, 0) + coalesce(since.moved, 0))::bigint AS balance_minor
      FROM used
      LEFT JOIN LATERAL (
        SELECT before, balance_minor FROM ledger_checkpoints
         WHERE organization_id = :organization_id AND account = used.account AND currency = used.currency
           AND before <= coalesce(CAST(:before AS timestamptz), 'infinity')
         ORDER BY before DESC LIMIT 1) AS checkpoint ON true
     CROSS JOIN LATERAL (
        SELECT sum(amount_minor) AS moved, count(*) AS entries FROM ledger_entries
         WHERE organization_id = :organization_id AND account = used.account AND currency = used.currency
           AND occurred_at >= coalesce(checkpoint.before, '-infinity')
           AND occurred_at < coalesce(CAST(:before AS timestamptz), 'infinity')) AS since
     WHERE (CAST(:currency AS text) IS NULL OR used.currency = CAST(:currency AS text))
       AND (since.entries > 0 OR checkpoint.before IS NOT NULL)
     ORDER BY used.currency, used.account
""")

# A page from its newest entry back. The balance after that one is the checkpoint before it and all entries from there up to it;
# every older one's is that less what came after.
_STATEMENT: Final = text("""
    WITH page AS (
        SELECT transaction_id, number, occurred_at, amount_minor FROM ledger_entries
         WHERE organization_id = :organization_id AND account = :account AND currency = :currency
           AND occurred_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
           AND occurred_at < coalesce(CAST(:before AS timestamptz), 'infinity')
           AND (CAST(:after_at AS timestamptz) IS NULL
                OR (occurred_at, transaction_id, number)
                   < (CAST(:after_at AS timestamptz), CAST(:after_id AS uuid), CAST(:after_number AS smallint)))
         ORDER BY occurred_at DESC, transaction_id DESC, number DESC LIMIT :limit
    ), newest AS (
        SELECT * FROM page ORDER BY occurred_at DESC, transaction_id DESC, number DESC LIMIT 1
    ), checkpoint AS (
        SELECT before, ledger_checkpoints.balance_minor FROM ledger_checkpoints, newest
         WHERE organization_id = :organization_id AND account = :account AND currency = :currency AND before <= newest.occurred_at
         ORDER BY before DESC LIMIT 1
    ), reached AS (
        SELECT coalesce((SELECT balance_minor FROM checkpoint), 0) + sum(ledger_entries.amount_minor) AS balance_minor
          FROM ledger_entries, newest
         WHERE organization_id = :organization_id AND account = :account AND currency = :currency
           AND ledger_entries.occurred_at >= coalesce((SELECT before FROM checkpoint), '-infinity')
           AND (ledger_entries.occurred_at, ledger_entries.transaction_id, ledger_entries.number)
               <= (newest.occurred_at, newest.transaction_id, newest.number)
    )
    SELECT page.transaction_id, page.number, source, source_id, page.occurred_at, description, amount_minor,
           (reached.balance_minor - coalesce(sum(amount_minor) OVER newer, 0))::bigint AS balance_minor
      FROM page JOIN ledger_transactions ON ledger_transactions.id = page.transaction_id CROSS JOIN reached
    WINDOW newer AS (ORDER BY page.occurred_at DESC, page.transaction_id DESC, page.number DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
     ORDER BY page.occurred_at DESC, page.transaction_id DESC, page.number DESC
""")


class BalanceReader:
    """Reads what accounts of one organization hold. Moments are exclusive: `before` midnight is until the day's end."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def balances(
        self, organization_id: UUID, *, before: datetime | None = None, currency: str | None = None
    ) -> Sequence[AccountBalance]:
        """The balance of each account that has entries before the moment, by currency and account; without a moment of all."""
        bound = {"organization_id": organization_id, "before": before, "currency": currency}
        rows = await self._session.execute(_BALANCES, bound)
        return [AccountBalance(row.currency, Account(row.account), row.balance_minor) for row in rows]

    async def statement(
        self,
        organization_id: UUID,
        account: Account,
        currency: str,
        *,
        since: datetime | None = None,
        before: datetime | None = None,
        after: tuple[Any, ...] | None = None,
        limit: int,
    ) -> Sequence[StatementLine]:
        """The entries of an account, the newest first, each with the balance after it.

        after: (occurred_at, transaction_id, number) of the last one seen.
        """
        after_at, after_id, after_number = after or (None, None, None)
        bound = {
            "organization_id": organization_id,
            "account": account,
            "currency": currency,
            "since": since,
            "before": before,
            "after_at": after_at,
            "after_id": after_id,
            "after_number": after_number,
            "limit": limit,
        }
        return [StatementLine(**row) for row in (await self._session.execute(_STATEMENT, bound)).mappings()]
