"""The ledger by message."""

from typing import Any

from services.payments import ledger_deps
from shared.contracts.payments import CheckLedger, RefreshLedgerBalances
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(CheckLedger)
async def check_ledger(session: Session, _: Received[CheckLedger]) -> dict[str, Any]:
    """Prove that the ledger is sound; answers how much was looked at."""
    return await ledger_deps.ledger_check(session).run()


@task(RefreshLedgerBalances)
async def refresh_ledger_balances(session: Session, received: Received[RefreshLedgerBalances]) -> dict[str, Any]:
    """Keep the balances of the months that are over; answers how many were made."""
    return {"made": await ledger_deps.checkpoints(session).refresh(from_scratch=received.message.from_scratch)}
