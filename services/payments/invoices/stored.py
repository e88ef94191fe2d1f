"""Invoices that are written: finding them, and what a draft asks for."""

from services.payments.invoices.errors import InvoiceNotFound, InvoiceNotIssued
from services.payments.invoices.models import Invoice, InvoiceDraft, InvoiceLine, Source


def found(invoice: Invoice | None) -> Invoice:
    """The invoice that is there. Raises InvoiceNotFound."""
    if invoice is None:
        raise InvoiceNotFound("there is no invoice with this id; GET /v1/invoices lists those that you may see")
    return invoice


def in_force(invoice: Invoice | None) -> Invoice:
    """The invoice that is there and issued. Raises InvoiceNotFound and InvoiceNotIssued."""
    there = found(invoice)
    if there.status != "issued":
        what = "a draft; issue it first" if there.status == "draft" else "void"
        raise InvoiceNotIssued(f"the invoice is {what}", status_of_invoice=there.status)
    return there


def draft_of(invoice: Invoice, lines: tuple[InvoiceLine, ...]) -> InvoiceDraft:
    """What a draft that was written asks for."""
    return InvoiceDraft(
        organization_id=invoice.organization_id,
        buyer=invoice.buyer,
        lines=[line.draft for line in lines],
        currency=invoice.currency,
        legal_entity_id=invoice.legal_entity_id,
        customer_id=invoice.customer_id,
        place_of_supply=invoice.place_of_supply,
        supply_kind=invoice.supply_kind,
        reverse_charge=invoice.reverse_charge,
        supplied_from=invoice.supplied_from,
        supplied_to=invoice.supplied_to,
        terms_days=invoice.terms_days,
        notes=invoice.notes,
        source=Source(invoice.order_id, invoice.subscription_id, invoice.period_start, invoice.trip_id),
        prepaid_minor=invoice.prepaid_minor,
    )


def require_number(invoice: Invoice) -> str:
    """The number of an invoice that has one. Raises InvoiceNotIssued for a draft."""
    if invoice.number is None:
        raise InvoiceNotIssued("the invoice is a draft and has no PDF; GET …/preview.pdf shows what it would be")
    return invoice.number
