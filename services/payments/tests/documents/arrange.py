"""A document as the tests of layout need it."""

from services.payments.documents.models import Fact, Party, Printed, PrintedLine, TaxRow, Total
from shared.testing.clock import MONDAY_MORNING

LINE = PrintedLine(1, "Corrugated box", "48191010", "3 NOS", 125050, 0, 375150, 1800, 67527, 442677)
PRINTED = Printed(
    title="Tax invoice",
    number="INV/2526/00001",
    moment=MONDAY_MORNING,
    currency="INR",
    seller=Party("Seller", "Sahyadri Packaging LLP", ("14 MG Road", "Pune 411005", "GSTIN 27AAPFU0939F1ZV")),
    parties=(Party("Billed to", "Asha Rao", ("7/2 Brigade Road", "Bengaluru 560025")),),
    facts=(Fact("Number", "INV/2526/00001"), Fact("Date", "2 Mar 2026")),
    lines=(LINE,),
    taxes=("IGST",),
    tax_rows=(TaxRow("48191010", 1800, 375150, (67527,)),),
    totals=(Total("Taxable value", 375150), Total("IGST", 67527), Total("Total", 442700, is_strong=True)),
    words="Rupees Four Thousand Four Hundred Twenty-Seven Only",
    upi="upi://pay?pa=a@b&am=4427.00",
)
