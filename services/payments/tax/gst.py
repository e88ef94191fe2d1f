"""India's goods and services tax on the lines of an order or an invoice.

Within a state half of the tax is the centre's (CGST) and half the state's (SGST, or UTGST in a union territory without a
legislature: CGST Act section 9, UTGST Act section 7); between states all of it is IGST (IGST Act sections 5, 7 and 8). Exports
and supplies to special economic zones are between states wherever they go, and zero-rated: under a letter of undertaking (LUT)
without tax, else with IGST that is refunded later (IGST Act section 16). Under reverse charge the recipient owes the tax to the
state, so it is shown and not charged (CGST Act section 9(3)). Discounts come off before tax (CGST Act section 15(3)).
"""

from collections.abc import Sequence
from typing import Final

from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.money.rounding import BASIS_POINTS, divide, rate
from services.payments.tax.errors import InvalidSupply, InvalidTaxableLine
from services.payments.tax.models import Assessment, Supply, SupplyKind, TaxableLine, TaxedLine
from services.payments.tax.states import State, place_name, supplier_state

__all__ = ["Assessment", "Supply", "SupplyKind", "TaxableLine", "TaxedLine", "assess", "untaxed"]

_UNDER_LUT: Final = frozenset[SupplyKind]({"export_with_lut", "sez_with_lut"})


def assess(lines: Sequence[TaxableLine], supply: Supply) -> Assessment:
    """The tax on each line, rounded half-up per line, and the totals.

    Raises UnknownState, InvalidSupply and InvalidTaxableLine.
    """
    state = supplier_state(supply.supplier_state)
    place_name(supply.place_of_supply)
    if supply.reverse_charge and supply.kind != "domestic":
        raise InvalidSupply("an export or a supply to a special economic zone has no reverse charge; leave one of them out")
    taxed = [_taxed(_taxable(number, line), line.rate_bp, state, supply) for number, line in enumerate(lines, start=1)]
    return _totals(taxed, supply.round_to_minor)


def untaxed(lines: Sequence[TaxableLine], round_to_minor: int = 1) -> Assessment:
    """The totals of a seller who charges no GST, whatever the lines' rates. Raises InvalidTaxableLine."""
    taxable = [_taxable(number, line) for number, line in enumerate(lines, start=1)]
    return _totals([TaxedLine(amount, 0, 0, 0, 0, amount) for amount in taxable], round_to_minor)


def _taxable(number: int, line: TaxableLine) -> int:
    if line.quantity < 1 or line.unit_price_minor < 0:
        raise InvalidTaxableLine(f"line {number}: the quantity must be at least 1 and the price not negative")
    gross = line.quantity * line.unit_price_minor
    if not 0 <= line.discount_minor <= gross:
        raise InvalidTaxableLine(f"line {number}: the discount must be between nothing and the whole price of the line")
    if not 0 <= line.rate_bp <= BASIS_POINTS:
        raise InvalidTaxableLine(f"line {number}: the tax rate must be from 0 to 10000 basis points; 18 % is 1800")
    if gross > MAX_AMOUNT_MINOR:
        raise InvalidTaxableLine(f"line {number}: quantity times price must be at most {MAX_AMOUNT_MINOR} minor units")
    return gross - line.discount_minor


def _taxed(taxable: int, rate_bp: int, state: State, supply: Supply) -> TaxedLine:
    tax = 0 if supply.kind in _UNDER_LUT else rate(taxable, rate_bp)
    cgst = sgst = utgst = igst = 0
    if supply.kind != "domestic" or state.code != supply.place_of_supply:
        igst = tax
    else:
        # An odd paisa is the centre's.
        half = tax // 2
        cgst = tax - half
        sgst, utgst = (half, 0) if state.has_legislature else (0, half)
    return TaxedLine(taxable, cgst, sgst, utgst, igst, taxable if supply.reverse_charge else taxable + tax)


def _totals(lines: Sequence[TaxedLine], round_to_minor: int) -> Assessment:
    exact = sum(line.total_minor for line in lines)
    taxable = sum(line.taxable_minor for line in lines)
    total = divide(exact, round_to_minor) * round_to_minor
    return Assessment(
        lines=tuple(lines),
        taxable_minor=taxable,
        tax_minor=sum(line.tax_minor for line in lines),
        charged_tax_minor=exact - taxable,
        round_off_minor=total - exact,
        total_minor=total,
    )
