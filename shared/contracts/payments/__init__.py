"""Messages that the payments service owns.

events.py    what is told of orders, payments, invoices and subscriptions
invoices.py  issuing invoices, their PDFs, reminders and the audit of their numbers
ledger.py    checking and tending the ledger
orders.py    carts and orders
"""

from shared.contracts.payments.events import InvoiceIssued
from shared.contracts.payments.invoices import (
    AuditInvoiceNumbers,
    GeneratedInvoice,
    GenerateInvoice,
    ProcessOverdueInvoices,
    RenderCreditNotePdf,
    RenderInvoicePdf,
)
from shared.contracts.payments.ledger import CheckLedger, RefreshLedgerBalances
from shared.contracts.payments.orders import CleanupExpiredCarts, ProcessPendingOrders, RemindOfAbandonedCarts, SendOrderReminders

__all__ = [
    "AuditInvoiceNumbers",
    "CheckLedger",
    "CleanupExpiredCarts",
    "GenerateInvoice",
    "GeneratedInvoice",
    "InvoiceIssued",
    "ProcessOverdueInvoices",
    "ProcessPendingOrders",
    "RefreshLedgerBalances",
    "RemindOfAbandonedCarts",
    "RenderCreditNotePdf",
    "RenderInvoicePdf",
    "SendOrderReminders",
]
