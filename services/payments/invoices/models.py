"""Invoices: what is to be invoiced, and what an invoice says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.payments.invoices.party_models import Buyer, Seller
from services.payments.tax.models import SupplyKind, TaxableLine

InvoiceStatus = Literal["draft", "issued", "void"]
PaymentKind = Literal["payment", "refund"]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """What is sold. Prices and discount before tax, the discount for the whole line; unit: a code of the GST portal, NOS, KGS.

    source_line: the number of the order's line that it bills, None where it bills none.
    """

    description: str
    hsn_sac: str | None
    quantity: int
    unit: str
    unit_price_minor: int
    discount_minor: int
    rate_bp: int
    source_line: int | None = None

    @property
    def taxable(self) -> TaxableLine:
        """What tax is worked out of."""
        return TaxableLine(self.quantity, self.unit_price_minor, self.discount_minor, self.rate_bp)


@dataclass(frozen=True, slots=True)
class Source:
    """What an invoice is issued for: an order, a subscription's period, a trip, or none of them."""

    order_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: date | None = None
    trip_id: UUID | None = None

    def __str__(self) -> str:
        if self.order_id is not None:
            return f"order {self.order_id}"
        if self.subscription_id is not None:
            return f"period from {self.period_start} of subscription {self.subscription_id}"
        return f"trip {self.trip_id}"


BY_HAND = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDraft:
    """An invoice that has no number yet, whatever it comes from.

    legal_entity_id: None for the organization's default. terms_days: None for the legal entity's. supplied_from, supplied_to:
    local days, both or neither. prepaid_minor: what was paid for it before; what is above the total is left out.
    expected_total_minor: what the source has told the customer; another total is refused.
    """

    organization_id: UUID
    buyer: Buyer
    lines: Sequence[DraftLine]
    currency: str
    legal_entity_id: UUID | None = None
    customer_id: UUID | None = None
    place_of_supply: str | None = None
    supply_kind: SupplyKind = "domestic"
    reverse_charge: bool = False
    supplied_from: date | None = None
    supplied_to: date | None = None
    terms_days: int | None = None
    notes: str | None = None
    source: Source = BY_HAND
    prepaid_minor: int = 0
    expected_total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line with its tax. total_minor: what is to be paid for it, which under reverse charge is without the tax."""

    number: int
    description: str
    hsn_sac: str | None
    quantity: int
    unit: str
    unit_price_minor: int
    discount_minor: int
    rate_bp: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int
    source_line: int | None

    @property
    def draft(self) -> DraftLine:
        """The line without its tax."""
        return DraftLine(
            self.description,
            self.hsn_sac,
            self.quantity,
            self.unit,
            self.unit_price_minor,
            self.discount_minor,
            self.rate_bp,
            self.source_line,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """The totals. total_minor = taxable_minor + charged_tax_minor + round_off_minor; under reverse charge no tax is charged."""

    taxable_minor: int
    tax_minor: int
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number taken from a series. issued_on: never before that of the number before it."""

    series: str
    financial_year: str
    sequence: int
    issued_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice as the database has it. number to due_on and seller: None as long as it is a draft."""

    id: UUID
    organization_id: UUID
    legal_entity_id: UUID
    customer_id: UUID | None
    status: InvoiceStatus
    series: str | None
    financial_year: str | None
    sequence: int | None
    number: str | None
    issued_at: datetime | None
    issued_on: date | None
    due_on: date | None
    supplied_from: date | None
    supplied_to: date | None
    currency: str
    taxable_minor: int
    tax_minor: int
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int
    prepaid_minor: int
    paid_minor: int
    credited_minor: int
    balance_minor: int
    seller: Seller | None
    buyer: Buyer
    place_of_supply: str | None
    supply_kind: SupplyKind
    reverse_charge: bool
    terms_days: int | None
    notes: str | None
    order_id: UUID | None
    subscription_id: UUID | None
    period_start: date | None
    trip_id: UUID | None
    pdf_sha256: str | None
    disputed_at: datetime | None
    voided_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    changed_by: str
    change_reason: str | None


@dataclass(frozen=True, slots=True)
class InvoiceChange:
    """What happened to an invoice from its issue on. before and after: the columns that changed."""

    number: int
    from_status: str | None
    to_status: str
    actor: str
    reason: str | None
    before: dict[str, object]
    after: dict[str, object]
    at: datetime


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of money that was brought to an invoice. surplus_minor: what it had no use for.

    uncredited_minor: what of a refund no credit note has taken off the invoice yet, so that it would be due again.
    """

    applied_minor: int
    surplus_minor: int
    balance_minor: int
    uncredited_minor: int = 0
