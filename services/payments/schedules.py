"""What the payments service does by the clock."""

from shared.contracts.payments import CheckLedger, RefreshLedgerBalances
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(name="check-ledger", crontab="15 3 * * *", message=CheckLedger(), catch_up="last"),
    # Daily and not monthly: what a posting for an earlier month has taken away is made again, and a missed month made good.
    Entry(name="refresh-ledger-balances", crontab="45 2 * * *", message=RefreshLedgerBalances(), catch_up="last"),
)
