"""What an invoice says on paper: the fields of rule 46 of the CGST Rules, letter by letter, and how to pay.

The letters of the rule are named where their field is made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Final

from services.payments.documents.models import Fact, Party, Printed, PrintedLine, Stamp, TaxRow, Total
from services.payments.documents.upi import pay_link
from services.payments.invoices.drafts import Preview
from services.payments.invoices.models import Invoice, InvoiceLine
from services.payments.invoices.party_models import Buyer, Seller
from services.payments.invoices.posting import TaxAmounts
from services.payments.legal_entities.models import Address
from services.payments.money.words import in_words
from services.payments.tax.states import place_of_supply
from shared.contracts.money import Money

TAXES: Final = {"cgst_minor": "CGST", "sgst_minor": "SGST", "utgst_minor": "UTGST", "igst_minor": "IGST"}
_DECLARED: Final = {
    "export_with_lut": "Supply meant for export under letter of undertaking {lut} without payment of integrated tax.",
    "export_without_lut": "Supply meant for export on payment of integrated tax.",
    "sez_with_lut": "Supply to SEZ unit or developer for authorised operations under letter of undertaking {lut} "
    "without payment of integrated tax.",
    "sez_without_lut": "Supply to SEZ unit or developer for authorised operations on payment of integrated tax.",
}


def printed(invoice: Invoice, lines: Sequence[InvoiceLine], seller: Seller) -> Printed:
    """An invoice as it was at its issue, or a draft with who would issue it. What is paid later does not change it."""
    taxes = taxes_of(lines)
    due = invoice.total_minor - invoice.prepaid_minor
    return Printed(
        title=title(seller, lines, invoice.supply_kind),
        number=invoice.number or "",  # (b)
        moment=invoice.issued_at or invoice.updated_at,
        currency=invoice.currency,
        seller=seller_party(seller),  # (a)
        parties=tuple(_parties(invoice.buyer)),
        facts=tuple(_facts(invoice, seller)),
        lines=tuple(_line(line) for line in lines),
        taxes=tuple(TAXES[name] for name in taxes),
        tax_rows=tax_rows(((line.hsn_sac, line.rate_bp, line.taxable_minor, line) for line in lines), taxes),  # (l), (m)
        totals=tuple(_totals(invoice, lines, taxes)),
        words=in_words(Money(amount_minor=invoice.total_minor, currency=invoice.currency)),
        declarations=tuple(_declarations(invoice, seller)),
        notes=invoice.notes,
        bank=_bank(seller) if due else (),
        upi=_upi(invoice, seller, due),
        signatory=seller.signatory,  # (q)
        stamp=_stamp(invoice),
    )


def preview_of(preview: Preview) -> Printed:
    """A draft as it would be now."""
    shown = replace(preview.invoice, **asdict(preview.computed.figures), place_of_supply=preview.place_of_supply)
    return printed(shown, preview.computed.lines, Seller.of(preview.entity))


def title(seller: Seller, lines: Iterable[InvoiceLine], supply_kind: str) -> str:
    """A registered seller's is a tax invoice, or a bill of supply where nothing is taxed (rule 49)."""
    if seller.gstin is None:
        return "Invoice"
    return "Tax invoice" if supply_kind != "domestic" or any(line.rate_bp for line in lines) else "Bill of supply"


def taxes_of(lines: Iterable[TaxAmounts]) -> list[str]:
    """The columns of tax that any line has."""
    amounts = list(lines)
    return [name for name in TAXES if any(getattr(line, name) for line in amounts)]


def tax_rows(lines: Iterable[tuple[str | None, int, int, TaxAmounts]], taxes: Sequence[str]) -> tuple[TaxRow, ...]:
    """One row for each code and rate, of (code, rate, taxable value, tax) per line."""
    sums: dict[tuple[str, int], list[int]] = {}
    for code, rate_bp, taxable_minor, tax in lines:
        row = sums.setdefault((code or "", rate_bp), [0] * (1 + len(taxes)))
        for place, amount in enumerate((taxable_minor, *(getattr(tax, name) for name in taxes))):
            row[place] += amount
    return tuple(TaxRow(code, rate_bp, row[0], tuple(row[1:])) for (code, rate_bp), row in sorted(sums.items()))


def seller_party(seller: Seller) -> Party:
    """Who issues, with the GSTIN."""
    contact = " · ".join(one for one in (seller.email, seller.phone) if one)
    gstin = (f"GSTIN {seller.gstin}",) if seller.gstin else ()
    return Party("Seller", seller.name, (*address_lines(seller.address), *gstin, *((contact,) if contact else ())))


def buyer_party(buyer: Buyer, heading: str) -> Party:
    """Whom it is billed to: name, address, state and GSTIN."""
    state = (f"State: {place_of_supply(buyer.state_code)}",) if buyer.state_code else ()
    gstin = (f"GSTIN {buyer.gstin}",) if buyer.gstin else ()
    return Party(heading, buyer.name, (*address_lines(buyer.address), *state, *gstin))  # (d), (e)


def address_lines(address: Address | None) -> tuple[str, ...]:
    """As it is written on an envelope; the country where it is abroad."""
    if address is None:
        return ()
    street = tuple(one for one in (address.line1, address.line2) if one)
    place = f"{address.city} {address.postal_code or ''}".rstrip()
    return (*street, place if address.country == "IN" else f"{place}, {address.country}")


def day(value: date) -> str:
    """20 Nov 2026: no reader takes the month for the day."""
    return f"{value.day} {value:%b %Y}"


def _parties(buyer: Buyer) -> Iterable[Party]:
    yield buyer_party(buyer, "Billed to")
    if buyer.delivery is not None:
        yield Party("Delivered to", buyer.name, address_lines(buyer.delivery))  # (e), (o)


def _facts(invoice: Invoice, seller: Seller) -> Iterable[Fact]:
    if invoice.number is not None and invoice.issued_on is not None and invoice.due_on is not None:
        yield Fact("Number", invoice.number)
        yield Fact("Date", day(invoice.issued_on))  # (c)
        if invoice.prepaid_minor < invoice.total_minor:
            yield Fact("Due on", day(invoice.due_on))
    if invoice.supplied_from is not None and invoice.supplied_to is not None:
        days = day(invoice.supplied_from)
        yield Fact("Supplied", days if invoice.supplied_from == invoice.supplied_to else f"{days} to {day(invoice.supplied_to)}")
    if invoice.place_of_supply is not None:
        yield Fact("Place of supply", place_of_supply(invoice.place_of_supply))  # (n)
    # Without a GSTIN the rule does not apply, and there is no tax that anybody could owe.
    if seller.gstin is not None:
        yield Fact("Reverse charge", "Yes" if invoice.reverse_charge else "No")  # (p)


def _line(line: InvoiceLine) -> PrintedLine:
    return PrintedLine(
        line.number,
        line.description,  # (h)
        line.hsn_sac or "",  # (g)
        f"{line.quantity} {line.unit}",  # (i)
        line.unit_price_minor,
        line.discount_minor,
        line.taxable_minor,  # (k)
        line.rate_bp,
        line.cgst_minor + line.sgst_minor + line.utgst_minor + line.igst_minor,
        line.total_minor,
    )


def _totals(invoice: Invoice, lines: Sequence[InvoiceLine], taxes: Sequence[str]) -> Iterable[Total]:
    discount = sum(line.discount_minor for line in lines)
    if discount:
        yield Total("Before discount", invoice.taxable_minor + discount)
        yield Total("Discount", -discount)
    yield Total("Taxable value" if taxes else "Subtotal", invoice.taxable_minor)  # (k)
    for name in taxes:
        label = f"{TAXES[name]}, payable by recipient" if invoice.reverse_charge else TAXES[name]
        yield Total(label, sum(getattr(line, name) for line in lines))
    if invoice.round_off_minor:
        yield Total("Round off", invoice.round_off_minor)
    yield Total("Total", invoice.total_minor, is_strong=True)  # (j)
    if invoice.prepaid_minor:
        yield Total("Paid", -invoice.prepaid_minor)
        yield Total("Due", invoice.total_minor - invoice.prepaid_minor, is_strong=True)


def _declarations(invoice: Invoice, seller: Seller) -> Iterable[str]:
    if invoice.supply_kind in _DECLARED:
        yield _DECLARED[invoice.supply_kind].format(lut=seller.lut_reference or "")
    if invoice.reverse_charge:
        yield "Tax is payable on reverse charge: the recipient owes it to the government, and it is not part of the total."


def _bank(seller: Seller) -> tuple[str, ...]:
    bank = seller.bank
    if bank is None:
        return ()
    return bank.account_name, f"Account {bank.account_number}", f"IFSC {bank.ifsc}, {bank.bank_name}"


def _upi(invoice: Invoice, seller: Seller, due: int) -> str | None:
    if seller.upi_id is None or invoice.number is None or invoice.currency != "INR" or not due:
        return None
    return pay_link(seller.upi_id, seller.name, due, invoice.currency, invoice.id.hex, invoice.number)


def _stamp(invoice: Invoice) -> Stamp | None:
    if invoice.number is None:
        return "DRAFT"
    return "PAID" if invoice.total_minor and invoice.prepaid_minor == invoice.total_minor else None
