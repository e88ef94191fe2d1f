"""How the parts of the ledger are put together, for endpoints and tasks alike."""

from services.payments.ledger.balance_repository import BalanceReader
from services.payments.ledger.check import LedgerCheck
from services.payments.ledger.check_repository import CheckReader
from services.payments.ledger.checkpoint_repository import CheckpointRepository
from services.payments.ledger.trial_balance import TrialBalances
from shared.runtime.db import ReadSession, Session


def trial_balances(session: ReadSession) -> TrialBalances:
    """Draws up trial balances."""
    return TrialBalances(BalanceReader(session))


def ledger_check(session: ReadSession) -> LedgerCheck:
    """Proves that the ledger is sound."""
    return LedgerCheck(CheckReader(session))


def checkpoints(session: Session) -> CheckpointRepository:
    """Keeps balances, in the session's unit of work."""
    return CheckpointRepository(session)
