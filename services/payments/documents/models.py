"""What a document shows, ready to be laid out: nothing is worked out any more but where it stands on the page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Stamp = Literal["PAID", "DRAFT"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the box beside the title, such as the due day."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with what is to be known of them, under a heading."""

    heading: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A position. quantity: with its unit; empty for a credit of the price alone."""

    number: int
    description: str
    hsn_sac: str
    quantity: str
    unit_price_minor: int
    discount_minor: int
    taxable_minor: int
    rate_bp: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class TaxRow:
    """The tax of all lines of one rate and code. amounts: in the order of the document's `taxes`."""

    hsn_sac: str
    rate_bp: int
    taxable_minor: int
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """A line under the positions. is_strong: what is to be paid."""

    label: str
    amount_minor: int
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A document. taxes: the kinds of tax that it has, such as CGST and SGST; none where no tax is shown.

    moment: written into the file as its time of creation, so that the same document is the same bytes. upi: a `upi://pay` address
    for the code that phones read.
    """

    title: str
    number: str
    moment: datetime
    currency: str
    seller: Party
    parties: tuple[Party, ...]
    facts: tuple[Fact, ...]
    lines: tuple[PrintedLine, ...]
    taxes: tuple[str, ...]
    tax_rows: tuple[TaxRow, ...]
    totals: tuple[Total, ...]
    words: str
    declarations: tuple[str, ...] = ()
    notes: str | None = None
    bank: tuple[str, ...] = ()
    upi: str | None = None
    signatory: str | None = None
    stamp: Stamp | None = None
