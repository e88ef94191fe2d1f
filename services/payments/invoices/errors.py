"""What is refused about invoices.

Invalid (422)
├── CustomerUnknown         the organization has no such customer
├── InvoiceNotIssuable      the law or the books ask for something that is not there; `missing` lists it
└── PaymentNotApplicable    the amount or the moment cannot be meant
NotFound (404)
├── InvoiceNotFound
└── SourceNotFound          there is no such order, period or trip
Conflict (409)
├── InvoiceNotDraft         it is issued, so it stays as it is
├── InvoiceNotIssued        it is a draft, or void
├── InvoiceHasMoney         paid or credited, so it cannot be void
├── SeriesExhausted         the next number would have more than 16 characters
├── SourceNotBillable       nothing is to be invoiced for it
└── PdfNotRendered          it is being made
Transient
└── SourceNotKnownYet       its event is on the way
Permanent
└── NumbersUnsound          the daily audit has found what must not be
"""

from shared.runtime.errors import Conflict, Invalid, NotFound, Permanent, Transient


class CustomerUnknown(Invalid):
    code, title = "customer_unknown", "There is no such customer"


class InvoiceNotIssuable(Invalid):
    code, title = "invoice_not_issuable", "The invoice cannot be issued yet"


class PaymentNotApplicable(Invalid):
    code, title = "payment_not_applicable", "The payment cannot be applied"


class InvoiceNotFound(NotFound):
    code, title = "invoice_not_found", "No such invoice"


class SourceNotFound(NotFound):
    code, title = "invoice_source_not_found", "There is nothing of this kind to invoice"


class InvoiceNotDraft(Conflict):
    code, title = "invoice_not_draft", "The invoice is no draft any more"


class InvoiceNotIssued(Conflict):
    code, title = "invoice_not_issued", "The invoice is not in force"


class InvoiceHasMoney(Conflict):
    code, title = "invoice_has_money", "The invoice is paid or credited"


class SeriesExhausted(Conflict):
    code, title = "invoice_series_exhausted", "The series has no number left"


class SourceNotBillable(Conflict):
    code, title = "invoice_source_not_billable", "Nothing is to be invoiced for this"


class PdfNotRendered(Conflict):
    code, title = "pdf_not_rendered", "The PDF is being made"


class SourceNotKnownYet(Transient):
    """Tried again by message. By HTTP it is a state that does not allow it, and no failure of ours."""

    status, code, title = 409, "invoice_source_not_known_yet", "This is not known yet"


class NumbersUnsound(Permanent):
    code, title = "invoice_numbers_unsound", "The numbers of invoices have gaps or repetitions"
