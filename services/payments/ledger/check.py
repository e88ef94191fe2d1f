"""The daily proof that the ledger is sound."""

import logging
from typing import Any, Final
from uuid import UUID

from services.payments.ledger.check_repository import CheckReader
from services.payments.ledger.errors import LedgerOutOfBalance

logger = logging.getLogger(__name__)

TRANSACTIONS_PER_SLICE: Final = 50_000
ORGANIZATIONS_PER_SLICE: Final = 100
NAMED: Final = 10
"""So many transactions are named in the log and the error; the rest is counted."""
_BEFORE_ALL: Final = UUID(int=0)


class LedgerCheck:
    """Looks at every transaction and every checkpoint. Constraints make faults impossible; this is for when one was lost."""

    def __init__(self, reader: CheckReader) -> None:
        self._reader = reader

    async def run(self) -> dict[str, Any]:
        """How many transactions, entries and organizations were looked at. Raises LedgerOutOfBalance, which is the alarm."""
        transactions, entries, unbalanced = await self._transactions()
        organizations, wrong_checkpoints = await self._checkpoints()
        if unbalanced or wrong_checkpoints:
            named = [str(one) for one in unbalanced[:NAMED]]
            found = {"transactions": len(unbalanced), "checkpoints": wrong_checkpoints, "named": named}
            logger.error("ledger_out_of_balance", extra=found)
            raise LedgerOutOfBalance(
                f"{len(unbalanced)} transactions do not balance ({', '.join(named) or 'none'}) and {wrong_checkpoints} kept"
                " balances are not what the entries sum to; docs/services/payments-ledger.md says what to do"
            )
        return {"transactions": transactions, "entries": entries, "organizations": organizations}

    async def _transactions(self) -> tuple[int, int, list[UUID]]:
        transactions, entries, unbalanced = 0, 0, list[UUID]()
        after = _BEFORE_ALL
        while True:
            looked_at = await self._reader.transactions(after=after, limit=TRANSACTIONS_PER_SLICE)
            transactions += looked_at.transactions
            entries += looked_at.entries
            unbalanced += looked_at.unbalanced
            if looked_at.transactions < TRANSACTIONS_PER_SLICE:
                return transactions, entries, unbalanced
            after = looked_at.last_id

    async def _checkpoints(self) -> tuple[int, int]:
        organizations, wrong = 0, 0
        after = _BEFORE_ALL
        while True:
            ids = await self._reader.organizations(after=after, limit=ORGANIZATIONS_PER_SLICE)
            wrong += await self._reader.wrong_checkpoints(ids)
            organizations += len(ids)
            if len(ids) < ORGANIZATIONS_PER_SLICE:
                return organizations, wrong
            after = ids[-1]
