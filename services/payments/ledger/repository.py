"""Writing to the ledger."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from services.payments.ledger.errors import NothingToReverse
from services.payments.ledger.models import Posting, Reversal
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

# In the order of their keys, so that two that post the same wait for each other and never in a circle.
_POST: Final = text("""
    WITH posted AS (
        INSERT INTO ledger_transactions (id, organization_id, source, source_id, occurred_at, description)
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:sources AS text[]),
                             CAST(:source_ids AS text[]), CAST(:occurred_ats AS timestamptz[]), CAST(:descriptions AS text[]))
                      AS row(id, organization_id, source, source_id, occurred_at, description)
         ORDER BY source, source_id
        ON CONFLICT (source, source_id) DO NOTHING
        RETURNING id, organization_id, occurred_at
    ), entered AS (
        INSERT INTO ledger_entries (transaction_id, number, organization_id, occurred_at, account, currency, amount_minor)
        SELECT id, number, organization_id, occurred_at, account, currency, amount_minor
          FROM posted
          JOIN unnest(CAST(:transaction_ids AS uuid[]), CAST(:numbers AS smallint[]), CAST(:accounts AS text[]),
                      CAST(:currencies AS text[]), CAST(:amounts AS bigint[]))
               AS entry(transaction_id, number, account, currency, amount_minor) ON entry.transaction_id = posted.id
    )
    SELECT count(*) FROM posted
""")
_REVERSE: Final = text("""
    WITH original AS (
        SELECT row.*, ledger_transactions.id AS reverses, ledger_transactions.organization_id
          FROM unnest(CAST(:ids AS uuid[]), CAST(:sources AS text[]), CAST(:source_ids AS text[]),
                      CAST(:original_sources AS text[]), CAST(:original_ids AS text[]),
                      CAST(:occurred_ats AS timestamptz[]), CAST(:descriptions AS text[]))
               AS row(id, source, source_id, original_source, original_id, occurred_at, description)
          JOIN ledger_transactions
            ON (ledger_transactions.source, ledger_transactions.source_id) = (original_source, original_id)
    ), posted AS (
        INSERT INTO ledger_transactions (id, organization_id, source, source_id, occurred_at, description, reverses)
        SELECT id, organization_id, source, source_id, occurred_at, description, reverses FROM original ORDER BY source, source_id
        ON CONFLICT DO NOTHING
        RETURNING id, organization_id, occurred_at, reverses
    ), entered AS (
        INSERT INTO ledger_entries (transaction_id, number, organization_id, occurred_at, account, currency, amount_minor)
        SELECT id, number, posted.organization_id, posted.occurred_at, account, currency, -amount_minor
          FROM posted JOIN ledger_entries ON ledger_entries.transaction_id = posted.reverses
    )
    SELECT (SELECT count(*) FROM original) AS found, (SELECT count(*) FROM posted) AS posted
""")


class Ledger:
    """Posts in the session's unit of work. Nothing that is posted is ever changed; `reverse` undoes it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def post(self, postings: Sequence[Posting]) -> int:
        """Write transactions in one statement, and return how many of them were new.

        One that is known by its source and source_id posts nothing, whatever its entries are, and neither does one whose
        entries have no amount. The database refuses the commit of a transaction that is out of balance.
        """
        written = {uuid7(): posting for posting in postings if posting.written}
        if not written:
            return 0
        entries = [
            (key, number, entry) for key, posting in written.items() for number, entry in enumerate(posting.written, start=1)
        ]
        bound: dict[str, Any] = {
            **_columns(written),
            "organization_ids": [posting.organization_id for posting in written.values()],
            "transaction_ids": [key for key, _, _ in entries],
            "numbers": [number for _, number, _ in entries],
            "accounts": [entry.account for _, _, entry in entries],
            "currencies": [entry.currency for _, _, entry in entries],
            "amounts": [entry.amount_minor for _, _, entry in entries],
        }
        count: int = (await self._session.execute(_POST, bound)).scalar_one()
        return count

    async def reverse(self, reversals: Sequence[Reversal]) -> int:
        """Write the opposite of transactions in one statement, and return how many of these reversals were new.

        A transaction is reversed once, whatever sources ask for it. Raises NothingToReverse for one that was not posted.
        """
        found, posted = await self._reverse(reversals)
        if found < len(reversals):
            raise NothingToReverse("what is to be undone was never posted; post it first, or undo nothing")
        return posted

    async def reverse_posted(self, reversals: Sequence[Reversal]) -> int:
        """The same of those that were posted, for whoever cannot know which were; the others are left out."""
        return (await self._reverse(reversals))[1] if reversals else 0

    async def _reverse(self, reversals: Sequence[Reversal]) -> tuple[int, int]:
        written = {uuid7(): reversal for reversal in reversals}
        bound: dict[str, Any] = {
            **_columns(written),
            "original_sources": [reversal.reverses[0] for reversal in written.values()],
            "original_ids": [reversal.reverses[1] for reversal in written.values()],
        }
        row = (await self._session.execute(_REVERSE, bound)).one()
        return row.found, row.posted


def _columns(written: dict[Any, Posting] | dict[Any, Reversal]) -> dict[str, Any]:
    return {
        "ids": list(written),
        "sources": [one.source for one in written.values()],
        "source_ids": [one.source_id for one in written.values()],
        "occurred_ats": [one.occurred_at for one in written.values()],
        "descriptions": [one.description for one in written.values()],
    }
