"""Messages that the payments service owns.

ledger.py  checking and tending the ledger
orders.py  carts and orders
"""

from shared.contracts.payments.ledger import CheckLedger, RefreshLedgerBalances
from shared.contracts.payments.orders import CleanupExpiredCarts, ProcessPendingOrders, RemindOfAbandonedCarts, SendOrderReminders

__all__ = [
    "CheckLedger",
    "CleanupExpiredCarts",
    "ProcessPendingOrders",
    "RefreshLedgerBalances",
    "RemindOfAbandonedCarts",
    "SendOrderReminders",
]
