"""What a credit note comes to. All credit notes of a line together take back exactly the line, whatever the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.payments.credit_notes.errors import CreditAboveRemaining
from services.payments.credit_notes.models import Before, CreditedLine, WantedLine
from services.payments.invoices.models import Figures, Invoice, InvoiceLine
from services.payments.money.allocation import allocate
from services.payments.money.rounding import divide

_TAXES: Final = ("cgst_minor", "sgst_minor", "utgst_minor", "igst_minor")


@dataclass(frozen=True, slots=True)
class Credit:
    """Lines and totals, all positive."""

    lines: tuple[CreditedLine, ...]
    figures: Figures


def credit(invoice: Invoice, lines: Sequence[InvoiceLine], before: Before, wanted: Sequence[WantedLine]) -> Credit:
    """What is to be taken back now. wanted: nothing for all that is left. Raises CreditAboveRemaining."""
    by_number = {line.number: line for line in lines}
    meant = wanted or [WantedLine(line.number) for line in lines]
    credited = []
    for one in meant:
        line = by_number.get(one.line)
        if line is None:
            raise CreditAboveRemaining(f"the invoice has no line {one.line}; its lines are 1 to {len(lines)}", remaining=0)
        credited.append(_line(line, before.lines.get(one.line, _nothing(one.line)), one, charged=_is_charged(invoice)))
    kept = tuple(line for line in credited if line.taxable_minor or line.quantity)
    figures = _figures(invoice, kept, before, is_rest=_is_rest(by_number, before, kept))
    remaining = invoice.total_minor - invoice.credited_minor
    if not 0 < figures.total_minor <= remaining:
        raise CreditAboveRemaining(
            f"{figures.total_minor} is asked for, and {remaining} of the invoice can be credited", remaining=remaining
        )
    return Credit(kept, figures)


def agreed(invoice: Invoice, lines: Sequence[InvoiceLine], before: Before, wanted: Sequence[CreditedLine], total: int) -> Credit:
    """What was worked out elsewhere, to the last minor unit. total: what it comes to. Raises CreditAboveRemaining."""
    by_number, remaining = {line.number: line for line in lines}, invoice.total_minor - invoice.credited_minor
    for one in wanted:
        line, earlier = by_number[one.invoice_line], before.lines.get(one.invoice_line, _nothing(one.invoice_line))
        pieces, left = line.quantity - earlier.quantity, line.taxable_minor - earlier.taxable_minor
        if one.quantity > pieces or one.taxable_minor > left:
            raise _above(line, pieces, left)
    if total > remaining:
        raise CreditAboveRemaining(f"{total} is to be credited, and {remaining} of the invoice can be", remaining=remaining)
    taxable, tax = sum(one.taxable_minor for one in wanted), sum(getattr(one, name) for one in wanted for name in _TAXES)
    return Credit(tuple(wanted), Figures(taxable, tax, tax, total - taxable - tax, total))


def of_amount(invoice: Invoice, lines: Sequence[InvoiceLine], before: Before, total_minor: int) -> Credit:
    """An amount with its tax, spread over what is left of the lines by largest remainder; pieces are not given back.

    What dividing a line's price and its tax leaves over is round-off, so that the credit note comes to the amount exactly.
    Raises CreditAboveRemaining.
    """
    remaining = invoice.total_minor - invoice.credited_minor
    if not 0 < total_minor <= remaining:
        raise CreditAboveRemaining(f"{total_minor} is asked for, and {remaining} can be credited", remaining=remaining)
    if total_minor == remaining:
        return credit(invoice, lines, before, ())
    earlier = [before.lines.get(line.number, _nothing(line.number)) for line in lines]
    left = [line.total_minor - one.total_minor for line, one in zip(lines, earlier, strict=True)]
    parts = allocate(min(total_minor, sum(left)), left)
    credited = [_part(invoice, *row) for row in zip(lines, earlier, parts, strict=True) if row[2]]
    kept = tuple(line for line in credited if line.taxable_minor)
    taxable, tax = sum(one.taxable_minor for one in kept), sum(getattr(one, name) for one in kept for name in _TAXES)
    charged = tax if _is_charged(invoice) else 0
    return Credit(kept, Figures(taxable, tax, charged, total_minor - taxable - charged, total_minor))


def of_taxable(invoice: Invoice, lines: Sequence[InvoiceLine], before: Before, most_minor: int) -> Credit | None:
    """At most so much before tax, spread over what is left of the lines by largest remainder, each part with its tax; None where
    nothing is left."""
    left = [line.taxable_minor - before.lines.get(line.number, _nothing(line.number)).taxable_minor for line in lines]
    amount = min(most_minor, sum(left))
    if not amount or invoice.total_minor == invoice.credited_minor:
        return None
    parts = zip(lines, allocate(amount, left), strict=True)
    return credit(invoice, lines, before, [WantedLine(line.number, taxable_minor=part) for line, part in parts if part])


def _part(invoice: Invoice, line: InvoiceLine, before: CreditedLine, part_minor: int) -> CreditedLine:
    """What of a line comes to this much with its tax, as nearly as whole minor units let it."""
    taxable = min(divide(part_minor * line.taxable_minor, line.total_minor), line.taxable_minor - before.taxable_minor)
    return _line(line, before, WantedLine(line.number, taxable_minor=taxable), charged=_is_charged(invoice))


def _above(line: InvoiceLine, pieces: int, left: int) -> CreditAboveRemaining:
    said = f"line {line.number} has {pieces} {line.unit} and {left} before tax left to credit"
    return CreditAboveRemaining(said, remaining=left, quantity=pieces)


def _line(line: InvoiceLine, before: CreditedLine, wanted: WantedLine, *, charged: bool) -> CreditedLine:
    left, pieces = line.taxable_minor - before.taxable_minor, line.quantity - before.quantity
    quantity = wanted.quantity or 0
    taxable = left
    if wanted.taxable_minor is not None:
        taxable = wanted.taxable_minor
    elif wanted.quantity is None:
        quantity = pieces
    elif quantity < pieces:
        taxable = divide(line.taxable_minor * quantity, line.quantity)
    if quantity > pieces or taxable > left:
        raise _above(line, pieces, left)
    taxes = {name: _share(line, before, taxable, name) for name in _TAXES}
    total = taxable + (sum(taxes.values()) if charged else 0)
    return CreditedLine(line.number, quantity, taxable, **taxes, total_minor=total)


def _share(line: InvoiceLine, before: CreditedLine, taxable: int, name: str) -> int:
    """Of one tax: what brings all credits together to their part of it, so that the last one takes the rest."""
    if line.taxable_minor == 0:
        return 0
    all_of_it = getattr(line, name) * (before.taxable_minor + taxable)
    return divide(all_of_it, line.taxable_minor) - int(getattr(before, name))


def _figures(invoice: Invoice, lines: Sequence[CreditedLine], before: Before, *, is_rest: bool) -> Figures:
    taxable = sum(line.taxable_minor for line in lines)
    tax = sum(getattr(line, name) for line in lines for name in _TAXES)
    charged_tax = tax if _is_charged(invoice) else 0
    exact = taxable + charged_tax
    remaining = invoice.total_minor - invoice.credited_minor
    # The last credit note takes the rounding along; one before never more than what the customer was asked for.
    round_off = invoice.round_off_minor - before.round_off_minor if is_rest else min(0, remaining - exact)
    if not is_rest and round_off < min(0, invoice.round_off_minor - before.round_off_minor):
        round_off = 0
    return Figures(taxable, tax, charged_tax, round_off, exact + round_off)


def _is_rest(lines: Mapping[int, InvoiceLine], before: Before, now: Sequence[CreditedLine]) -> bool:
    credited = sum(line.taxable_minor for line in (*before.lines.values(), *now))
    return credited == sum(line.taxable_minor for line in lines.values())


def _is_charged(invoice: Invoice) -> bool:
    return not invoice.reverse_charge


def _nothing(line: int) -> CreditedLine:
    return CreditedLine(line, 0, 0, 0, 0, 0, 0, 0)
