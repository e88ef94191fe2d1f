"""Messages that the payments service owns.

charges.py         charging, retries, captures, refunds, gateways' reports
events.py          what is told of orders, payments, invoices and subscriptions
invoices.py        issuing invoices, their PDFs, reminders and the audit of their numbers
ledger.py          checking and tending the ledger
matching.py        finding manufacturers for orders, and the offers that are made to them
orders.py          carts and orders
reconciliation.py  comparing what gateways hold with what we hold
subscriptions.py   billing subscriptions, reminders, dunning
upkeep.py          letting go of what is old
"""

from shared.contracts.payments.charges import (
    ApplyGatewayEvents,
    CapturePayment,
    ExecuteRefund,
    ExecuteRefundPlan,
    ExpirePayments,
    HandleFailedPayment,
    KeepPaymentMethod,
    ProcessPayment,
    PruneGatewayEvents,
    ReleasePayment,
    ResolvePayment,
    ResolveUnknownPayments,
    RetryFailedPayments,
    WatchAuthorizations,
)
from shared.contracts.payments.events import (
    InvoiceIssued,
    OrderCancelled,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    RefundMade,
    SubscriptionEnded,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from shared.contracts.payments.invoices import (
    AuditInvoiceNumbers,
    GeneratedInvoice,
    GenerateInvoice,
    ProcessOverdueInvoices,
    RenderCreditNotePdf,
    RenderInvoicePdf,
)
from shared.contracts.payments.ledger import CheckLedger, RefreshLedgerBalances
from shared.contracts.payments.matching import ExpireOffers, MatchOrders
from shared.contracts.payments.orders import CleanupExpiredCarts, ProcessPendingOrders, RemindOfAbandonedCarts, SendOrderReminders
from shared.contracts.payments.reconciliation import AdvanceReconciliation, ReconcilePayments
from shared.contracts.payments.subscriptions import (
    PlanDebitNotices,
    ProcessDueSubscriptions,
    ProcessDunning,
    ProcessSingleSubscription,
    SendDebitNotice,
    SendPaymentReminders,
    SendSubscriptionRenewalReminders,
    SettleSubscription,
)
from shared.contracts.payments.upkeep import ArchiveOldRows

__all__ = [
    "AdvanceReconciliation",
    "ApplyGatewayEvents",
    "ArchiveOldRows",
    "AuditInvoiceNumbers",
    "CapturePayment",
    "CheckLedger",
    "CleanupExpiredCarts",
    "ExecuteRefund",
    "ExecuteRefundPlan",
    "ExpireOffers",
    "ExpirePayments",
    "GenerateInvoice",
    "GeneratedInvoice",
    "HandleFailedPayment",
    "InvoiceIssued",
    "KeepPaymentMethod",
    "MatchOrders",
    "OrderCancelled",
    "OrderPlaced",
    "PaymentCaptured",
    "PaymentFailed",
    "PlanDebitNotices",
    "ProcessDueSubscriptions",
    "ProcessDunning",
    "ProcessOverdueInvoices",
    "ProcessPayment",
    "ProcessPendingOrders",
    "ProcessSingleSubscription",
    "PruneGatewayEvents",
    "ReconcilePayments",
    "RefreshLedgerBalances",
    "RefundMade",
    "ReleasePayment",
    "RemindOfAbandonedCarts",
    "RenderCreditNotePdf",
    "RenderInvoicePdf",
    "ResolvePayment",
    "ResolveUnknownPayments",
    "RetryFailedPayments",
    "SendDebitNotice",
    "SendOrderReminders",
    "SendPaymentReminders",
    "SendSubscriptionRenewalReminders",
    "SettleSubscription",
    "SubscriptionEnded",
    "SubscriptionRenewed",
    "SubscriptionStarted",
    "WatchAuthorizations",
]
