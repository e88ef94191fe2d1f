"""What is taxed, and what comes of it."""

from dataclasses import dataclass
from typing import Literal

SupplyKind = Literal["domestic", "export_with_lut", "export_without_lut", "sez_with_lut", "sez_without_lut"]


@dataclass(frozen=True, slots=True)
class TaxableLine:
    """What is sold: prices and discount before tax, the discount for the whole line; rate_bp in basis points, 18 % is 1800."""

    quantity: int
    unit_price_minor: int
    discount_minor: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Supply:
    """From where to where, as GST state codes. The place decides for domestic supplies only, and is shown for all.

    round_to_minor: what totals are rounded to; 100 is the whole rupee, 1 leaves them as they are.
    """

    supplier_state: str
    place_of_supply: str
    kind: SupplyKind = "domestic"
    reverse_charge: bool = False
    round_to_minor: int = 100


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line with the tax on it. total_minor: what is to be paid for it, which under reverse charge is without the tax."""

    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int

    @property
    def tax_minor(self) -> int:
        """All of the tax that is shown."""
        return self.cgst_minor + self.sgst_minor + self.utgst_minor + self.igst_minor


@dataclass(frozen=True, slots=True)
class Assessment:
    """Lines and totals. tax_minor: the tax that is shown; charged_tax_minor: what of it is charged, nothing under reverse charge.

    total_minor = taxable_minor + charged_tax_minor + round_off_minor, and round_off_minor may be negative.
    """

    lines: tuple[TaxedLine, ...]
    taxable_minor: int
    tax_minor: int
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int
