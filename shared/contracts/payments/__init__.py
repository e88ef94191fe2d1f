"""Messages that the payments service owns.

ledger.py   checking and tending the ledger
"""

from shared.contracts.payments.ledger import CheckLedger, RefreshLedgerBalances

__all__ = [
    "CheckLedger",
    "RefreshLedgerBalances",
]
