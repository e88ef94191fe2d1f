"""Tax on lines and totals."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.money.rounding import rate
from services.payments.tax.errors import InvalidSupply, InvalidTaxableLine, UnknownState
from services.payments.tax.gst import Supply, SupplyKind, TaxableLine, TaxedLine, assess, untaxed

MUMBAI_TO_PUNE = Supply("27", "27")
LINE = TaxableLine(quantity=3, unit_price_minor=33333, discount_minor=999, rate_bp=1800)
TAXABLE, TAX = 99000, 17820

LINES = st.lists(
    st.builds(
        TaxableLine,
        st.integers(1, 50),
        st.integers(1000, 10**7),
        st.integers(0, 1000),
        st.sampled_from([0, 25, 500, 1200, 1800, 2800]),
    ),
    min_size=1,
    max_size=8,
)
SUPPLIES = st.builds(
    Supply,
    st.sampled_from(["27", "04", "38"]),
    st.sampled_from(["27", "04", "38", "96"]),
    round_to_minor=st.sampled_from([1, 100]),
)


def one(supply: Supply, line: TaxableLine = LINE) -> TaxedLine:
    (taxed,) = assess([line], supply).lines
    return taxed


@pytest.mark.parametrize(
    ("supplier", "place", "cgst", "sgst", "utgst", "igst"),
    [
        ("27", "27", 8910, 8910, 0, 0),
        ("27", "29", 0, 0, 0, 17820),
        ("27", "96", 0, 0, 0, 17820),
        ("07", "07", 8910, 8910, 0, 0),
        ("34", "34", 8910, 8910, 0, 0),
        ("01", "01", 8910, 8910, 0, 0),
        ("04", "04", 8910, 0, 8910, 0),
        ("26", "26", 8910, 0, 8910, 0),
        ("31", "31", 8910, 0, 8910, 0),
        ("35", "35", 8910, 0, 8910, 0),
        ("38", "38", 8910, 0, 8910, 0),
        ("97", "97", 8910, 0, 8910, 0),
        ("04", "38", 0, 0, 0, 17820),
    ],
)
def test_place_of_supply_decides_whose_tax_it_is(supplier: str, place: str, cgst: int, sgst: int, utgst: int, igst: int) -> None:
    assert one(Supply(supplier, place)) == TaxedLine(TAXABLE, cgst, sgst, utgst, igst, TAXABLE + TAX)


@pytest.mark.parametrize(
    ("kind", "igst"), [("export_with_lut", 0), ("sez_with_lut", 0), ("export_without_lut", TAX), ("sez_without_lut", TAX)]
)
@pytest.mark.parametrize("place", ["27", "96"])
def test_exports_and_economic_zones_are_zero_rated_wherever_they_are(kind: SupplyKind, igst: int, place: str) -> None:
    assert one(Supply("27", place, kind)) == TaxedLine(TAXABLE, 0, 0, 0, igst, TAXABLE + igst)


def test_tax_under_reverse_charge_is_shown_and_not_charged() -> None:
    assessment = assess([LINE], replace(MUMBAI_TO_PUNE, reverse_charge=True))

    assert assessment.lines == (TaxedLine(TAXABLE, 8910, 8910, 0, 0, TAXABLE),)
    assert (assessment.tax_minor, assessment.charged_tax_minor, assessment.total_minor) == (TAX, 0, TAXABLE)


def test_odd_paisa_is_the_centres() -> None:
    # 18 % of 0.25 are 4.5 paise: 5 by half-up.
    assert one(MUMBAI_TO_PUNE, TaxableLine(1, 25, 0, 1800)) == TaxedLine(25, 3, 2, 0, 0, 30)
    assert one(Supply("38", "38"), TaxableLine(1, 25, 0, 1800)) == TaxedLine(25, 3, 0, 2, 0, 30)


def test_each_line_is_rounded_by_itself_and_the_total_to_whole_rupees() -> None:
    lines = [TaxableLine(1, 25, 0, 1800)] * 3

    assessment = assess(lines, MUMBAI_TO_PUNE)

    # 18 % of 0.75 would be 14 paise; line by line it is 15.
    assert (assessment.taxable_minor, assessment.tax_minor, assessment.round_off_minor, assessment.total_minor) == (
        75,
        15,
        10,
        100,
    )
    assert assess(lines, replace(MUMBAI_TO_PUNE, round_to_minor=1)).total_minor == 90


@pytest.mark.parametrize(
    ("price", "round_off", "total"), [(10049, -49, 10000), (10050, 50, 10100), (10051, 49, 10100), (10000, 0, 10000)]
)
def test_round_off_goes_both_ways(price: int, round_off: int, total: int) -> None:
    assessment = assess([TaxableLine(1, price, 0, 0)], MUMBAI_TO_PUNE)

    assert (assessment.round_off_minor, assessment.total_minor) == (round_off, total)


def test_seller_without_gst_charges_the_bare_price() -> None:
    assessment = untaxed([LINE])

    assert assessment.lines == (TaxedLine(TAXABLE, 0, 0, 0, 0, TAXABLE),)
    assert (assessment.tax_minor, assessment.round_off_minor, assessment.total_minor) == (0, 0, TAXABLE)
    assert untaxed([TaxableLine(1, 149, 0, 0)], round_to_minor=100).round_off_minor == -49


def test_no_lines_come_to_nothing() -> None:
    assert assess([], MUMBAI_TO_PUNE).total_minor == 0


@settings(max_examples=80, deadline=None)
@given(LINES, SUPPLIES)
def test_totals_are_the_sums_of_the_lines_and_no_paisa_is_lost(lines: list[TaxableLine], supply: Supply) -> None:
    found = assess(lines, supply)

    for line, taxed in zip(lines, found.lines, strict=True):
        assert taxed.taxable_minor == line.quantity * line.unit_price_minor - line.discount_minor
        assert taxed.tax_minor == rate(taxed.taxable_minor, line.rate_bp) == taxed.total_minor - taxed.taxable_minor
        assert taxed.cgst_minor - taxed.sgst_minor - taxed.utgst_minor in (0, 1)
    assert found.total_minor == sum(taxed.total_minor for taxed in found.lines) + found.round_off_minor
    assert found.total_minor == found.taxable_minor + found.charged_tax_minor + found.round_off_minor
    assert found.total_minor % supply.round_to_minor == 0
    assert abs(found.round_off_minor) * 2 <= supply.round_to_minor


@pytest.mark.parametrize(
    "line",
    [
        replace(LINE, quantity=0),
        replace(LINE, quantity=-1),
        replace(LINE, unit_price_minor=-1),
        replace(LINE, discount_minor=-1),
        replace(LINE, discount_minor=100000),
        replace(LINE, rate_bp=-1),
        replace(LINE, rate_bp=10001),
        replace(LINE, unit_price_minor=10**15),
    ],
)
def test_line_that_cannot_be_meant_is_refused_with_its_number(line: TaxableLine) -> None:
    with pytest.raises(InvalidTaxableLine, match="line 2: "):
        assess([LINE, line], MUMBAI_TO_PUNE)
    with pytest.raises(InvalidTaxableLine, match="line 1: "):
        untaxed([line])


@pytest.mark.parametrize(
    "supply", [Supply("39", "27"), Supply("27", "39"), Supply("27", "99"), Supply("96", "27"), Supply("", "")]
)
def test_unknown_states_are_refused(supply: Supply) -> None:
    with pytest.raises(UnknownState):
        assess([LINE], supply)


def test_export_has_no_reverse_charge() -> None:
    with pytest.raises(InvalidSupply):
        assess([LINE], Supply("27", "96", "export_with_lut", reverse_charge=True))
