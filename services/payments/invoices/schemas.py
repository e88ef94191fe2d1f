"""Shapes of the invoices API."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.invoices.day_models import Day
from services.payments.invoices.models import BY_HAND, DraftLine, InvoiceDraft, InvoiceLine, Source
from services.payments.invoices.party_models import Buyer, Seller
from services.payments.legal_entities.models import Address, Text
from services.payments.legal_entities.schemas import StateCode
from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor
from services.payments.tax.gstin import Gstin
from services.payments.tax.models import SupplyKind
from shared.contracts.notifications.fields import ADDRESS
from shared.contracts.payments import GenerateInvoice

MAX_LINES = 1000
HsnSac = Annotated[str, Field(pattern=r"^([0-9]{4}|[0-9]{6}|[0-9]{8})$", examples=["48191010"])]


class BuyerIn(BaseModel):
    """Who buys. A GSTIN makes it a business. delivery: where that is elsewhere."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(max_length=200, examples=["Asha Rao Traders"])]
    address: Address | None = None
    state_code: StateCode | None = None
    gstin: Gstin | None = None
    email: str | None = Field(default=None, max_length=320, pattern=ADDRESS, examples=["asha@example.com"])
    phone: str | None = Field(default=None, max_length=32, pattern=r"^[0-9+ ()./-]+$")
    delivery: Address | None = None

    def buyer(self) -> Buyer:
        """As an invoice keeps it; the state of a registered buyer is that of the GSTIN."""
        plain = self.model_dump()
        return Buyer(**{**plain, "state_code": self.state_code or (self.gstin[:2] if self.gstin else None)})


class LineIn(BaseModel):
    """What is sold. Prices are before tax, the discount is for the whole line."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[Text, Field(max_length=500, examples=["Corrugated box, 5 ply"])]
    hsn_sac: HsnSac | None = None
    quantity: int = Field(ge=1, le=1_000_000_000)
    unit: str = Field(default="NOS", pattern=r"^[A-Z]{1,10}$", description="A unit code of the GST portal.")
    unit_price_minor: NonNegativeMinor
    discount_minor: NonNegativeMinor = 0
    tax_rate_bp: int = Field(default=0, ge=0, le=10_000, description="In basis points; 18 % is 1800.", examples=[1800])

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.quantity * self.unit_price_minor > MAX_AMOUNT_MINOR:
            raise ValueError(f"quantity times unit_price_minor must be at most {MAX_AMOUNT_MINOR}")
        if self.discount_minor > self.quantity * self.unit_price_minor:
            raise ValueError("discount_minor must be at most the whole price of the line")
        return self

    def line(self) -> DraftLine:
        """As drafts have it."""
        return DraftLine(
            self.description,
            self.hsn_sac,
            self.quantity,
            self.unit,
            self.unit_price_minor,
            self.discount_minor,
            self.tax_rate_bp,
        )


class InvoiceIn(BaseModel):
    """A draft. What the law asks for beyond this is checked when it is issued; its preview lists what is missing."""

    model_config = ConfigDict(extra="forbid")

    legal_entity_id: UUID | None = Field(default=None, description="Who sells; by default the organization's default.")
    customer_id: UUID | None = Field(default=None, description="The customer who gets the mails about it.")
    buyer: BuyerIn
    currency: CurrencyCode = "INR"
    lines: list[LineIn] = Field(min_length=1, max_length=MAX_LINES)
    place_of_supply: str | None = Field(
        default=None, pattern=r"^[0-9]{2}$", description="A GST state code, 96 for abroad; by default the buyer's."
    )
    supply_kind: SupplyKind = "domestic"
    reverse_charge: bool = False
    supplied_from: Day | None = None
    supplied_to: Day | None = None
    terms_days: int | None = Field(default=None, ge=0, le=365, description="By default the legal entity's.")
    notes: Annotated[Text, Field(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _days_fit(self) -> Self:
        if (self.supplied_from is None) != (self.supplied_to is None):
            raise ValueError("supplied_from and supplied_to go together")
        if self.supplied_from is not None and self.supplied_to is not None and self.supplied_from > self.supplied_to:
            raise ValueError("supplied_from lies after supplied_to")
        if sum(line.quantity * line.unit_price_minor for line in self.lines) > MAX_AMOUNT_MINOR // 2:
            raise ValueError(f"all lines together must be at most {MAX_AMOUNT_MINOR // 2}")
        return self

    def draft(self, organization_id: UUID) -> InvoiceDraft:
        """As it is written."""
        return InvoiceDraft(
            organization_id=organization_id,
            buyer=self.buyer.buyer(),
            lines=[line.line() for line in self.lines],
            currency=self.currency,
            legal_entity_id=self.legal_entity_id,
            customer_id=self.customer_id,
            place_of_supply=self.place_of_supply,
            supply_kind=self.supply_kind,
            reverse_charge=self.reverse_charge,
            supplied_from=self.supplied_from,
            supplied_to=self.supplied_to,
            terms_days=self.terms_days,
            notes=self.notes,
            source=BY_HAND,
        )


class LineOut(BaseModel):
    """A line with its tax. total_minor: what is to be paid for it, without the tax under reverse charge."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    description: str
    hsn_sac: str | None
    quantity: int
    unit: str
    unit_price_minor: int
    discount_minor: int
    tax_rate_bp: int = Field(validation_alias="rate_bp")
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int


class InvoiceOut(BaseModel):
    """An invoice. number, issued_at, issued_on, due_on: null as long as it is a draft."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    legal_entity_id: UUID
    customer_id: UUID | None
    status: Literal["draft", "issued", "void"]
    number: str | None = Field(examples=["INV/2627/00318"])
    issued_at: datetime | None
    issued_on: date | None
    due_on: date | None
    supplied_from: date | None
    supplied_to: date | None
    currency: str
    taxable_minor: int
    tax_minor: int = Field(description="As shown; charged_tax_minor of it is charged, nothing under reverse charge.")
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int
    prepaid_minor: int
    paid_minor: int
    credited_minor: int
    balance_minor: int
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


class InvoiceDetail(InvoiceOut):
    """An invoice with its lines and its seller."""

    seller: Seller | None
    lines: list[LineOut]


class PreviewOut(BaseModel):
    """What a draft would say if it were issued now."""

    can_be_issued: bool
    missing: list[str] = Field(description="What keeps it from being issued, each with how to mend it.")
    taxable_minor: int
    tax_minor: int
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int
    total_in_words: str = Field(examples=["Rupees Six Thousand Two Hundred Fifty-Six Only"])
    lines: list[LineOut]


class ReasonIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(max_length=1000, examples=["Wrong buyer"])]


class GenerateIn(BaseModel):
    """What is to be invoiced: an order, a subscription's period, or a trip."""

    model_config = ConfigDict(extra="forbid")

    order_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: Day | None = None
    trip_id: UUID | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        # The command knows what goes together; asked by HTTP, it is asked for at once.
        GenerateInvoice(**dict(self))
        return self

    def source(self) -> Source:
        """What that is."""
        return Source(**dict(self))


class ChangeOut(BaseModel):
    """What happened to an invoice. before and after: the columns that changed."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    from_status: str | None
    to_status: str
    actor: str
    reason: str | None
    before: dict[str, object]
    after: dict[str, object]
    at: datetime


class SeriesOut(BaseModel):
    """One series of one financial year. gaps: numbers that no document has. backdated: documents older than the one before."""

    model_config = ConfigDict(from_attributes=True)

    legal_entity_id: UUID
    series: str
    financial_year: str
    documents: int
    gaps: int
    repeated: int
    backdated: int
    is_sound: bool


class AuditOut(BaseModel):
    """All series; nothing in `unsound` is the proof."""

    series: int
    documents: int
    unsound: list[SeriesOut]


def detail(invoice: object, seller: Seller | None, lines: tuple[InvoiceLine, ...]) -> InvoiceDetail:
    """An invoice as it is shown by itself."""
    shown = InvoiceOut.model_validate(invoice)
    return InvoiceDetail(**dict(shown), seller=seller, lines=[LineOut.model_validate(line) for line in lines])
