"""What the payments service does by the clock."""

from shared.contracts.payments import (
    ArchiveOldRows,
    AuditInvoiceNumbers,
    CheckLedger,
    CleanupExpiredCarts,
    ExpireOffers,
    ExpirePayments,
    MatchOrders,
    PlanDebitNotices,
    ProcessDueSubscriptions,
    ProcessDunning,
    ProcessOverdueInvoices,
    ProcessPendingOrders,
    PruneGatewayEvents,
    ReconcilePayments,
    RefreshLedgerBalances,
    RemindOfAbandonedCarts,
    ResolveUnknownPayments,
    RetryFailedPayments,
    SendOrderReminders,
    SendPaymentReminders,
    SendSubscriptionRenewalReminders,
    WatchAuthorizations,
)
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # One proof covers all that came before it.
    Entry(name="audit-invoice-numbers", crontab="30 3 * * *", message=AuditInvoiceNumbers(), catch_up="last"),
    Entry(name="check-ledger", crontab="15 3 * * *", message=CheckLedger(), catch_up="last"),
    # Daily and not monthly: what a posting for an earlier month has taken away is made again, and a missed month made good.
    Entry(name="refresh-ledger-balances", crontab="45 2 * * *", message=RefreshLedgerBalances(), catch_up="last"),
    # A missed night is made good by the next one: nothing is lost but disk space.
    Entry(name="cleanup-expired-carts", crontab="0 2 * * *", message=CleanupExpiredCarts(), catch_up="skip"),
    # The newest slot alone finds all that came due while no scheduler ran, and reminds of it once.
    Entry(name="process-overdue-invoices", crontab="0 2 * * *", message=ProcessOverdueInvoices(), catch_up="last"),
    # The newest slot alone finds everything that came due while no scheduler ran.
    Entry(name="process-pending-orders", crontab="*/15 * * * *", message=ProcessPendingOrders(), catch_up="last"),
    Entry(name="remind-of-abandoned-carts", crontab="*/15 * * * *", message=RemindOfAbandonedCarts(), catch_up="last"),
    Entry(name="send-order-reminders", crontab="0 */6 * * *", message=SendOrderReminders(), catch_up="last"),
    Entry(name="expire-payments", crontab="*/5 * * * *", message=ExpirePayments(), catch_up="last"),
    Entry(name="prune-gateway-events", crontab="40 3 * * *", message=PruneGatewayEvents(), catch_up="skip"),
    # Each looks days back, so that the newest slot alone finds all that a missed one would have.
    Entry(name="reconcile-payments", crontab="25 * * * *", message=ReconcilePayments(days=3), catch_up="last"),
    Entry(name="reconcile-payments-nightly", crontab="10 21 * * *", message=ReconcilePayments(days=35), catch_up="last"),
    Entry(name="resolve-unknown-payments", crontab="*/5 * * * *", message=ResolveUnknownPayments(), catch_up="last"),
    Entry(name="retry-failed-payments", crontab="*/30 * * * *", message=RetryFailedPayments(), catch_up="last"),
    Entry(name="watch-authorizations", crontab="20 * * * *", message=WatchAuthorizations(), catch_up="last"),
    Entry(name="expire-offers", crontab="* * * * *", message=ExpireOffers(), catch_up="last"),
    # Every order that is paid waits for this, and so does what has found no manufacturer before.
    Entry(name="match-orders", crontab="*/5 * * * *", message=MatchOrders(), catch_up="last"),
    # Days begin at some quarter of an hour in UTC, whatever the zone; at 00:00 UTC the rest of the world is looked at, too. The
    # newest slot alone finds everything that came due while no scheduler ran.
    Entry(name="process-due-subscriptions", crontab="*/15 * * * *", message=ProcessDueSubscriptions(), catch_up="last"),
    # The newest slot alone finds what is debited within two days, and what nobody has confirmed.
    Entry(name="plan-debit-notices", crontab="10 * * * *", message=PlanDebitNotices(), catch_up="last"),
    # Tries are made from 10:00 on in the customer's own day.
    Entry(name="process-dunning", crontab="*/15 * * * *", message=ProcessDunning(), catch_up="last"),
    # 10:00 in India, before which nobody wants an SMS.
    Entry(name="send-payment-reminders", crontab="30 4 * * *", message=SendPaymentReminders(), catch_up="last"),
    Entry(
        name="send-subscription-renewal-reminders",
        crontab="5 * * * *",
        message=SendSubscriptionRenewalReminders(),
        catch_up="last",
    ),
    # All that is old by then, however many nights were missed.
    Entry(name="archive-old-rows", crontab="10 4 * * *", message=ArchiveOldRows(), catch_up="last"),
)
