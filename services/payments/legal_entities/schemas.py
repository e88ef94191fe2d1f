"""Shapes of the legal entities API."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.payments.legal_entities.models import Address, BankAccount, LegalEntityContent, Text
from services.payments.money.schemas import CurrencyCode
from services.payments.periods.errors import UnknownZone
from services.payments.periods.zones import zone_named
from services.payments.tax.gstin import Gstin, state_of
from services.payments.tax.states import STATES

WHOLE_RUPEE: Final = 100
UPI_ID: Final = r"^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9]{1,63}$"


def _state(code: str) -> str:
    if code not in STATES:
        raise ValueError("no GST state code; send two digits such as 27 for Maharashtra")
    return code


def _zone(name: str) -> str:
    try:
        zone_named(name)
    except UnknownZone as error:
        raise ValueError(error.detail) from None
    return name


StateCode = Annotated[str, Field(pattern=r"^[0-9]{2}$", examples=["27"]), AfterValidator(_state)]
Prefix = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,4}$")]
"""The series of documents; with year and number it makes at most 16 characters (CGST Rules, rule 46(b))."""

_LEFT_OUT: Final = (
    "Left out: the one that it has, and of a new one INV or CN, or INV2 and so on where the GSTIN has that already."
)


class LegalEntityIn(BaseModel):
    """A seller. What is left out can be added later; an invoice is issued once all that it needs is there."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(max_length=200, examples=["Sahyadri Packaging LLP"])]
    is_default: bool = Field(default=True, description="Issues where nobody names another one; the one before gives way.")
    address: Address | None = None
    state_code: StateCode | None = Field(default=None, description="Where it is registered; with a GSTIN, that of the GSTIN.")
    gstin: Gstin | None = Field(default=None, description="Without one its invoices carry no tax.")
    email: Annotated[Text, Field(max_length=320, examples=["accounts@example.com"])] | None = None
    phone: Annotated[Text, Field(max_length=32)] | None = None
    currency: CurrencyCode = "INR"
    invoice_prefix: Prefix | None = Field(default=None, description=f"The series of its invoices. {_LEFT_OUT}")
    credit_note_prefix: Prefix | None = Field(default=None, description=f"The series of its credit notes. {_LEFT_OUT}")
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(default="Asia/Kolkata", max_length=64)
    financial_year_start_month: int = Field(default=4, ge=1, le=12)
    upi_id: str | None = Field(default=None, pattern=UPI_ID, examples=["shop@icici"])
    bank: BankAccount | None = None
    lut_reference: Annotated[Text, Field(max_length=50, description="For exports without tax.")] | None = None
    signatory: Annotated[Text, Field(max_length=200, examples=["A. Kulkarni"])] | None = None
    terms_days: int = Field(default=15, ge=0, le=365, description="From the day of issue to the due day.")
    round_to_minor: int | None = Field(default=None, ge=1, le=100_000, description="Default: the whole rupee, else nothing.")

    @model_validator(mode="after")
    def _series_differ(self) -> Self:
        if self.invoice_prefix is not None and self.invoice_prefix == self.credit_note_prefix:
            raise ValueError("invoice_prefix and credit_note_prefix must differ: each series is one kind of document")
        if self.gstin is not None and self.state_code not in (None, state_of(self.gstin)):
            raise ValueError("state_code is not the state of the GSTIN; leave it out")
        return self

    def content(self) -> LegalEntityContent:
        """What is written."""
        plain = self.model_dump(mode="json")
        if self.gstin is not None:
            plain["state_code"] = state_of(self.gstin)
        if self.round_to_minor is None:
            plain["round_to_minor"] = WHOLE_RUPEE if self.currency == "INR" else 1
        return LegalEntityContent(**plain)


class LegalEntityOut(BaseModel):
    """A seller, what it lacks to issue invoices, and what stands in the way of its numbers."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    is_default: bool
    name: str
    address: Address | None
    state_code: str | None
    gstin: str | None
    email: str | None
    phone: str | None
    currency: str
    invoice_prefix: str
    credit_note_prefix: str
    time_zone: str
    financial_year_start_month: int
    upi_id: str | None
    bank: BankAccount | None
    lut_reference: str | None
    signatory: str | None
    terms_days: int
    round_to_minor: int
    missing: list[str] = Field(default=[], description="What must be added before it can issue.", examples=[["address"]])
    shared_prefixes: list[str] = Field(
        default=[], description="Its prefixes that are another seller's with the GSTIN; name others, for a number is one's alone."
    )
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
