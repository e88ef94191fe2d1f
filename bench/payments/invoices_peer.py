"""The peers: `python -m bench.payments.invoices_peer bare|renderer` prints how many seconds its pages took.

bare: fpdf2 as a person writes it, with the same words, fonts and table. renderer: ours, with nothing around it. Each in as many
processes as the worker has; nothing is numbered, booked or kept.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF

from services.payments.documents import fonts
from services.payments.documents.layout import render
from services.payments.documents.models import Fact, Party, Printed, PrintedLine, TaxRow, Total

PAGE: Final = Printed(
    title="Tax invoice",
    number="INV/2627/00001",
    moment=datetime(2026, 11, 29, tzinfo=UTC),
    currency="INR",
    seller=Party("Seller", "Sahyadri Furniture LLP", ("14 MG Road", "Pune 411001", "GSTIN 27AAPFU0939F1ZV")),
    parties=(Party("Billed to", "Ann Pillai", ("3 Church Street", "Bengaluru 560001", "State: Karnataka (29)")),),
    facts=(
        Fact("Number", "INV/2627/00001"),
        Fact("Date", "29 Nov 2026"),
        Fact("Due", "14 Dec 2026"),
        Fact("Place of supply", "Karnataka (29)"),
        Fact("Reverse charge", "No"),
    ),
    lines=(
        PrintedLine(1, "Oak chair", "940161", "2 NOS", 125_050, 0, 250_100, 1800, 45_018, 295_118),
        PrintedLine(2, "Oak table", "940360", "1 NOS", 899_900, 0, 899_900, 1200, 107_988, 1_007_888),
    ),
    taxes=("IGST",),
    tax_rows=(TaxRow("940161", 1800, 250_100, (45_018,)), TaxRow("940360", 1200, 899_900, (107_988,))),
    totals=(
        Total("Taxable value", 1_150_000),
        Total("IGST", 153_006),
        Total("Round off", -6),
        Total("Total", 1_303_000, is_strong=True),
        Total("Due", 1_303_000, is_strong=True),
    ),
    words="Rupees Thirteen Thousand Thirty Only",
    notes="Order 261129-N3Y11M",
)
_HEADINGS: Final = ("#", "Description", "HSN/SAC", "Quantity", "Rate", "Taxable value", "Tax", "Amount")


def with_renderer(number: int) -> int:
    """One page by our renderer; how long it is."""
    del number
    return len(render(PAGE))


def by_hand(number: int) -> int:
    """One page by fpdf2 alone; how long it is."""
    del number
    pdf = FPDF()
    pdf.add_font("Noto", "", fonts.FILES[fonts.LATIN, ""])
    pdf.add_font("Noto", "B", fonts.FILES[fonts.LATIN, "B"])
    pdf.add_page()
    pdf.set_font("Noto", "B", 14)
    pdf.cell(0, 8, PAGE.title, new_x="LMARGIN", new_y="NEXT", align="R")
    pdf.set_font("Noto", "", 9)
    for party in (PAGE.seller, *PAGE.parties):
        for line in (party.name, *party.lines):
            pdf.cell(0, 5, line, new_x="LMARGIN", new_y="NEXT")
    for fact in PAGE.facts:
        pdf.cell(0, 5, f"{fact.label}: {fact.value}", new_x="LMARGIN", new_y="NEXT", align="R")
    with pdf.table() as table:
        table.row(_HEADINGS)
        for one in PAGE.lines:
            amounts = (one.unit_price_minor, one.taxable_minor, one.tax_minor, one.total_minor)
            table.row((str(one.number), one.description, one.hsn_sac, one.quantity, *(_rupees(minor) for minor in amounts)))
    for total in PAGE.totals:
        pdf.cell(0, 5, f"{total.label}: ₹ {_rupees(total.amount_minor)}", new_x="LMARGIN", new_y="NEXT", align="R")
    pdf.cell(0, 5, PAGE.words, new_x="LMARGIN", new_y="NEXT")
    with pdf.table() as table:
        table.row(("HSN/SAC", "Rate", "Taxable value", "IGST"))
        for row in PAGE.tax_rows:
            table.row((row.hsn_sac, f"{row.rate_bp // 100}%", _rupees(row.taxable_minor), _rupees(row.amounts[0])))
    return len(bytes(pdf.output()))


STYLES: Final[dict[str, Callable[[int], int]]] = {"bare": by_hand, "renderer": with_renderer}


def _rupees(minor: int) -> str:
    return f"{minor / 100:,.2f}"


def main(arguments: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.payments.invoices_peer", description=__doc__)
    parser.add_argument("style", choices=STYLES)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.processes) as pool:
        # Each process has loaded what it needs.
        list(pool.map(STYLES[options.style], range(4 * options.processes)))
        began = time.perf_counter()
        list(pool.map(STYLES[options.style], range(options.count), chunksize=5))
        print(time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1:])
