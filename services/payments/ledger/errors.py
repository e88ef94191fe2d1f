"""What the ledger refuses.

NotFound (404)
├── TransactionNotFound
└── NothingToReverse     the transaction that is to be reversed was never posted
Permanent (422)
└── LedgerOutOfBalance   the daily check has found what must not be
"""

from shared.runtime.errors import NotFound, Permanent


class TransactionNotFound(NotFound):
    code, title = "transaction_not_found", "No such transaction"


class NothingToReverse(NotFound):
    code, title = "nothing_to_reverse", "The transaction to reverse is not in the ledger"


class LedgerOutOfBalance(Permanent):
    code, title = "ledger_out_of_balance", "The ledger is out of balance"
