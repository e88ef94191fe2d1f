"""What an invoice comes to, and what it lacks to be issued."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from services.payments.invoices.errors import InvoiceNotIssuable
from services.payments.invoices.models import DraftLine, Figures, InvoiceDraft, InvoiceLine
from services.payments.legal_entities.models import LegalEntity
from services.payments.tax.gst import assess, untaxed
from services.payments.tax.models import Assessment, Supply, TaxedLine
from services.payments.tax.states import ABROAD

NAMED_FROM_MINOR: Final = 50_000_00
"""From this taxable value on an invoice names its buyer, registered or not (CGST Rules, rule 46(e))."""

_EXPORTS: Final = frozenset({"export_with_lut", "export_without_lut"})
_UNDER_LUT: Final = frozenset({"export_with_lut", "sez_with_lut"})
_SEZ: Final = frozenset({"sez_with_lut", "sez_without_lut"})
_TAXES: Final = tuple(field.name for field in fields(TaxedLine))


@dataclass(frozen=True, slots=True)
class Computed:
    """The lines with their tax, and the totals."""

    lines: tuple[InvoiceLine, ...]
    figures: Figures


def placed(draft: InvoiceDraft, entity: LegalEntity) -> InvoiceDraft:
    """The draft with its place of supply, where a registered seller's names none: abroad for an export, else where the buyer is
    registered or on record, and the seller's own state for a buyer of whom none is known (IGST Act, sections 10, 11 and 12)."""
    if entity.gstin is None or draft.place_of_supply is not None:
        return draft
    buyer = draft.buyer
    known = ABROAD if draft.supply_kind in _EXPORTS else buyer.gstin[:2] if buyer.gstin else buyer.state_code
    return replace(draft, place_of_supply=known or entity.state_code)


def compute(draft: InvoiceDraft, entity: LegalEntity) -> Computed:
    """The tax as the seller owes it: none without a GSTIN. Raises UnknownState, InvalidSupply and InvalidTaxableLine."""
    taxable = [line.taxable for line in draft.lines]
    if entity.gstin is None or entity.state_code is None:
        assessment = untaxed(taxable, entity.round_to_minor)
    else:
        supply = Supply(
            supplier_state=entity.state_code,
            place_of_supply=placed(draft, entity).place_of_supply or entity.state_code,
            kind=draft.supply_kind,
            reverse_charge=draft.reverse_charge,
            round_to_minor=entity.round_to_minor,
        )
        assessment = assess(taxable, supply)
    return Computed(_lines(draft.lines, assessment), _figures(assessment))


def require_issuable(draft: InvoiceDraft, entity: LegalEntity, figures: Figures) -> None:
    """Raises InvoiceNotIssuable with all that is missing, each with how to mend it."""
    lacking = list(missing(draft, entity, figures))
    if lacking:
        raise InvoiceNotIssuable(f"the invoice cannot be issued: {'; '.join(lacking)}", missing=lacking)


def missing(draft: InvoiceDraft, entity: LegalEntity, figures: Figures) -> Iterator[str]:
    """What keeps a draft from being issued; nothing for one that can be."""
    if not draft.lines:
        yield "it has no lines"
    if draft.currency != entity.currency:
        yield f"it is in {draft.currency} and its legal entity issues in {entity.currency}; use one of the same currency"
    if draft.expected_total_minor not in (None, figures.total_minor):
        yield (
            f"it comes to {figures.total_minor} and {draft.expected_total_minor} was agreed; "
            "the legal entity's state, GSTIN and rounding must be those that the price was worked out with"
        )
    if entity.gstin is not None:
        yield from _asked_by_law(draft, entity, figures)
    elif draft.supply_kind != "domestic" or draft.reverse_charge:
        yield "a seller without a GSTIN has neither exports under GST nor reverse charge; add the GSTIN, or leave them out"


def _asked_by_law(draft: InvoiceDraft, entity: LegalEntity, figures: Figures) -> Iterator[str]:
    """CGST Rules, rule 46, where a registered seller's invoice depends on what is sold to whom."""
    buyer = draft.buyer
    if any(line.hsn_sac is None for line in draft.lines):
        yield "each line needs an HSN or SAC code"
    if draft.supply_kind in _EXPORTS and not any(
        one is not None and one.country != "IN" for one in (buyer.address, buyer.delivery)
    ):
        yield "an export needs the buyer's address abroad, or a delivery there"
    if draft.supply_kind in _EXPORTS and draft.place_of_supply != ABROAD:
        yield f"the place of supply of an export is {ABROAD}"
    if draft.supply_kind in _UNDER_LUT and entity.lut_reference is None:
        yield "without tax it needs the legal entity's letter of undertaking, lut_reference"
    if (draft.supply_kind in _SEZ or draft.reverse_charge) and buyer.gstin is None:
        yield "under reverse charge, and to a special economic zone, it needs the buyer's GSTIN"
    if buyer.gstin is not None and buyer.address is None:
        yield "a registered buyer's invoice needs the buyer's address"
    if buyer.gstin is None and figures.taxable_minor >= NAMED_FROM_MINOR:
        if buyer.address is None:
            yield "from ₹50,000 on it needs the buyer's address"
        if buyer.state_code is None and draft.supply_kind == "domestic":
            yield "from ₹50,000 on it needs the buyer's state"


def _lines(drafts: Sequence[DraftLine], assessment: Assessment) -> tuple[InvoiceLine, ...]:
    lines = []
    for number, (draft, taxed) in enumerate(zip(drafts, assessment.lines, strict=True), start=1):
        said = {field.name: getattr(draft, field.name) for field in fields(draft)}
        lines.append(InvoiceLine(number=number, **said, **{name: getattr(taxed, name) for name in _TAXES}))
    return tuple(lines)


def _figures(assessment: Assessment) -> Figures:
    return Figures(**{field.name: getattr(assessment, field.name) for field in fields(Figures)})
