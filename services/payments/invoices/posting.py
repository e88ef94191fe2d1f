"""What issuing and crediting mean for the ledger."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from services.payments.invoices.models import Invoice
from services.payments.ledger.models import Account, Entry, Posting, Reversal, credit, debit

INVOICE: Final = "invoice"
CREDIT_NOTE: Final = "credit_note"
_VOID: Final = "invoice_void"


class TaxAmounts(Protocol):
    """The tax of a line, whether it is charged or only shown."""

    @property
    def cgst_minor(self) -> int: ...
    @property
    def sgst_minor(self) -> int: ...
    @property
    def utgst_minor(self) -> int: ...
    @property
    def igst_minor(self) -> int: ...


class Totals(Protocol):
    """The totals of an invoice or a credit note."""

    @property
    def currency(self) -> str: ...
    @property
    def taxable_minor(self) -> int: ...
    @property
    def charged_tax_minor(self) -> int: ...
    @property
    def round_off_minor(self) -> int: ...
    @property
    def total_minor(self) -> int: ...


def issued(invoice: Invoice, lines: Iterable[TaxAmounts]) -> Posting:
    """The customer owes the total: revenue, the tax that is charged, and what was rounded off."""
    assert invoice.issued_at is not None, "only issued invoices are posted"
    said = f"Invoice {invoice.number}"
    return Posting(invoice.organization_id, INVOICE, str(invoice.id), invoice.issued_at, said, sale(invoice, lines))


def voided(invoice: Invoice, lines: Iterable[TaxAmounts], at: datetime) -> list[Reversal]:
    """The opposite; nothing where the invoice came to nothing and was never posted."""
    if not issued(invoice, lines).written:
        return []
    return [Reversal(_VOID, str(invoice.id), (INVOICE, str(invoice.id)), at, f"Invoice {invoice.number} is void")]


def sale(totals: Totals, lines: Iterable[TaxAmounts]) -> tuple[Entry, ...]:
    """The entries of a sale. Tax that the recipient owes to the state under reverse charge is none of ours."""
    currency = totals.currency
    charged = list(lines) if totals.charged_tax_minor else []
    return (
        debit(Account.ACCOUNTS_RECEIVABLE, currency, totals.total_minor),
        credit(Account.REVENUE, currency, totals.taxable_minor),
        credit(Account.GST_OUTPUT_CGST, currency, sum(line.cgst_minor for line in charged)),
        credit(Account.GST_OUTPUT_SGST, currency, sum(line.sgst_minor for line in charged)),
        credit(Account.GST_OUTPUT_UTGST, currency, sum(line.utgst_minor for line in charged)),
        credit(Account.GST_OUTPUT_IGST, currency, sum(line.igst_minor for line in charged)),
        credit(Account.ROUND_OFF, currency, totals.round_off_minor),
    )
