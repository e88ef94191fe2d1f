"""The end of a document: totals, tax by rate, amount in words, how to pay, who signs."""

from typing import Final

from services.payments.documents.amounts import percent, plain
from services.payments.documents.grid import Column, Grid
from services.payments.documents.models import Printed
from services.payments.documents.sheet import ACCENT, INK, MARGIN, SOFT, Sheet

_TOTALS_WIDTH: Final = 80.0
_CODE_SIDE: Final = 30.0
_LINE: Final = 5.4


def close(sheet: Sheet, document: Printed) -> None:
    """All that follows the positions."""
    _totals(sheet, document)
    _words(sheet, document.words)
    _taxes(sheet, document)
    _declarations(sheet, document)
    _payment_and_signature(sheet, document)


def _totals(sheet: Sheet, document: Printed) -> None:
    sheet.keep_together(_LINE * len(document.totals) + 8)
    left = sheet.w - MARGIN - _TOTALS_WIDTH
    for total in document.totals:
        sheet.set_x(left)
        if total.is_strong:
            sheet.rule(sheet.get_y(), ACCENT, left)
        height = _LINE + (1.6 if total.is_strong else 0)
        sheet.write_in(10.5 if total.is_strong else 9, INK if total.is_strong else SOFT, bold=total.is_strong)
        sheet.put(total.label, _TOTALS_WIDTH - 38, height)
        sheet.set_text_color(*INK)
        sheet.put(_with_sign(total.amount_minor, document.currency), 38, height, align="R")
        sheet.ln(height)
    sheet.ln(2)


def _with_sign(amount_minor: int, currency: str) -> str:
    minus = "− " if amount_minor < 0 else ""
    return f"{minus}{'₹' if currency == 'INR' else currency} {plain(abs(amount_minor), currency)}"


def _words(sheet: Sheet, words: str) -> None:
    sheet.keep_together(10)
    sheet.set_x(MARGIN)
    sheet.write_in(7.5, SOFT, bold=True)
    sheet.paragraph("AMOUNT IN WORDS", sheet.epw, 4.2)
    sheet.write_in(9, INK)
    sheet.paragraph(words, sheet.epw, 4.8)
    sheet.ln(3)


def _taxes(sheet: Sheet, document: Printed) -> None:
    """What each rate and code comes to, as registered buyers book it."""
    if not document.taxes:
        return
    columns = [Column("HSN/SAC", "L"), *(Column(one) for one in ("Rate", "Taxable value", *document.taxes, "Tax"))]
    rows = [
        [row.hsn_sac, percent(row.rate_bp)]
        + [plain(amount, document.currency) for amount in (row.taxable_minor, *row.amounts, sum(row.amounts))]
        for row in document.tax_rows
    ]
    Grid(sheet, columns, rows, points=8).draw()
    sheet.ln(4)


def _declarations(sheet: Sheet, document: Printed) -> None:
    sheet.set_x(MARGIN)
    sheet.write_in(8.5, INK)
    for text in document.declarations:
        sheet.paragraph(text, sheet.epw, 4.6)
    if document.notes:
        sheet.write_in(8.5, SOFT)
        sheet.paragraph(document.notes, sheet.epw, 4.6)
    if document.declarations or document.notes:
        sheet.ln(3)


def _payment_and_signature(sheet: Sheet, document: Printed) -> None:
    sheet.keep_together(_CODE_SIDE + 8)
    top, x = sheet.get_y(), MARGIN
    if document.upi is not None:
        sheet.code(document.upi, x, top + 2, _CODE_SIDE - 2)
        # Phones want some white around the code.
        sheet.set_xy(x, top + _CODE_SIDE + 2.5)
        sheet.write_in(7.5, SOFT)
        sheet.put("Scan to pay by UPI", _CODE_SIDE - 2, 4, align="C")
        x += _CODE_SIDE + 6
    if document.bank:
        sheet.set_xy(x, top + 1)
        sheet.write_in(7.5, SOFT, bold=True)
        sheet.paragraph("PAY BY TRANSFER", 75, 4.5)
        sheet.write_in(8.5, INK)
        for line in document.bank:
            sheet.paragraph(line, 75, 4.4)
    left = sheet.w - MARGIN - 62
    sheet.set_xy(left, top + 1)
    sheet.write_in(8.5, SOFT)
    sheet.paragraph(f"For {document.seller.name}", 62, 4.4, align="R")
    sheet.set_xy(left, max(sheet.get_y() + 9, top + 18))
    sheet.write_in(9, INK, bold=True)
    if document.signatory:
        sheet.paragraph(document.signatory, 62, 4.6, align="R")
    sheet.set_x(left)
    sheet.write_in(8.5, SOFT)
    sheet.paragraph("Authorised signatory", 62, 4.4, align="R")
