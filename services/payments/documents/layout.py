"""Where everything of a document stands."""

from collections.abc import Iterable
from typing import Final

from services.payments.documents.amounts import percent, plain
from services.payments.documents.closing import close
from services.payments.documents.grid import Column, Grid
from services.payments.documents.models import Party, Printed, PrintedLine
from services.payments.documents.sheet import ACCENT, GREEN, INK, MARGIN, PALE, SOFT, Sheet, one_line

_GAP: Final = 6.0
_FACTS_WIDTH: Final = 78.0


def render(document: Printed) -> bytes:
    """The document as a PDF. The same document gives the same bytes."""
    sheet = Sheet(f"{document.seller.name} · {document.title} {document.number}", document.moment)
    sheet.set_title(f"{document.title} {document.number}".strip())
    sheet.set_author(one_line(document.seller.name))
    sheet.add_page()
    if document.stamp == "DRAFT":
        _watermark(sheet)
    _head(sheet, document)
    _parties(sheet, document.parties)
    _positions(sheet, document)
    close(sheet, document)
    return bytes(sheet.output())


def texts_of(document: Printed) -> Iterable[str]:
    """What others than we have written into it."""
    for party in (document.seller, *document.parties):
        yield from (party.name, *party.lines)
    yield from (line.description for line in document.lines)
    yield from (fact.value for fact in document.facts)
    yield from (document.notes or "", document.signatory or "", *document.bank)


def _head(sheet: Sheet, document: Printed) -> None:
    top, left_width = sheet.get_y(), sheet.epw - _FACTS_WIDTH - _GAP
    sheet.write_in(14, ACCENT, bold=True)
    sheet.paragraph(document.seller.name, left_width, 6.5)
    sheet.write_in(8.5, SOFT)
    for line in document.seller.lines:
        sheet.paragraph(line, left_width, 4.4)
    left_end = sheet.get_y()
    right = sheet.w - MARGIN - _FACTS_WIDTH
    sheet.set_xy(right, top)
    sheet.write_in(17, INK, bold=True)
    sheet.put(document.title.upper(), _FACTS_WIDTH, 8, align="R")
    sheet.set_xy(right, top + 10)
    for fact in document.facts:
        sheet.set_x(right)
        sheet.write_in(8.5, SOFT)
        sheet.put(fact.label, 32, 4.8)
        sheet.write_in(8.5, INK, bold=True)
        sheet.paragraph(fact.value, _FACTS_WIDTH - 32, 4.8, align="R")
    end = sheet.get_y()
    if document.stamp == "PAID":
        end = max(end, _stamp(sheet, left_end))
    sheet.set_xy(MARGIN, max(left_end, end) + _GAP)


def _stamp(sheet: Sheet, y: float) -> float:
    """PAID, slightly askew, under the seller; returns where it ends."""
    width, height = 34.0, 11.0
    x, y = MARGIN + 2, y + 4
    sheet.set_draw_color(*GREEN)
    sheet.set_line_width(0.7)
    with sheet.rotation(4, x + width / 2, y + height / 2):
        sheet.rect(x, y, width, height, round_corners=True, corner_radius=1.5)
        sheet.set_xy(x, y)
        sheet.write_in(18, GREEN, bold=True)
        sheet.put("PAID", width, height, align="C")
    sheet.set_line_width(0.2)
    return y + height + 1


def _watermark(sheet: Sheet) -> None:
    top = sheet.get_y()
    with sheet.rotation(45, sheet.w / 2, sheet.h / 2):
        sheet.set_xy(0, sheet.h / 2 - 20)
        sheet.write_in(110, PALE, bold=True)
        sheet.put("DRAFT", sheet.w, 40, align="C")
    sheet.set_xy(MARGIN, top)


def _parties(sheet: Sheet, parties: tuple[Party, ...]) -> None:
    width = (sheet.epw - _GAP * (len(parties) - 1)) / max(len(parties), 1)
    top = ends = sheet.get_y()
    for place, party in enumerate(parties):
        sheet.set_xy(MARGIN + place * (width + _GAP), top)
        sheet.write_in(7.5, SOFT, bold=True)
        sheet.paragraph(party.heading.upper(), width, 4.5)
        sheet.write_in(10, INK, bold=True)
        sheet.paragraph(party.name, width, 5)
        sheet.write_in(8.5, SOFT)
        for line in party.lines:
            sheet.paragraph(line, width, 4.4)
        ends = max(ends, sheet.get_y())
    sheet.set_xy(MARGIN, ends + _GAP)


def _positions(sheet: Sheet, document: Printed) -> None:
    """One row per line, with the columns that any line has use for."""
    taxed, coded = bool(document.taxes), any(line.hsn_sac for line in document.lines)
    discounted = any(line.discount_minor for line in document.lines)
    columns = [Column("#", "L", least=4), Column("Description", "L", takes_rest=True, least=20)]
    columns += [Column("HSN/SAC", "L")] if coded else []
    columns += [Column("Quantity"), Column("Rate")]
    columns += [Column("Discount")] if discounted else []
    columns += [Column("Taxable value"), Column("Tax")] if taxed else []
    columns += [Column(f"Amount ({document.currency})")]
    rows = [_cells(line, document.currency, taxed=taxed, coded=coded, discounted=discounted) for line in document.lines]
    Grid(sheet, columns, rows, points=8.5).draw()
    sheet.ln(3)


def _cells(line: PrintedLine, currency: str, *, taxed: bool, coded: bool, discounted: bool) -> list[str]:
    cells = [str(line.number), line.description]
    cells += [line.hsn_sac] if coded else []
    cells += [line.quantity, plain(line.unit_price_minor, currency)]
    cells += [plain(line.discount_minor, currency)] if discounted else []
    cells += [plain(line.taxable_minor, currency), percent(line.rate_bp)] if taxed else []
    return [*cells, plain(line.total_minor, currency)]
