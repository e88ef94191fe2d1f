"""Shapes of the customers API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.payments.customers.contact_facts import Country, Email, LanguageTag, Phone, TimeZone
from services.payments.tax.gstin import Gstin
from services.payments.tax.states import PLACES_OF_SUPPLY
from services.payments.texts import LongText, ShortText


def _state(code: str) -> str:
    if code not in PLACES_OF_SUPPLY:
        raise ValueError("is not a GST state code; write two digits such as 27 for Maharashtra, 96 for abroad")
    return code


StateCode = Annotated[str, AfterValidator(_state), Field(pattern="^[0-9]{2}$", examples=["27"])]


class Address(BaseModel):
    """A postal address."""

    model_config = ConfigDict(extra="forbid")

    line1: LongText = Field(examples=["14 Hill Road"])
    line2: LongText | None = None
    city: ShortText = Field(examples=["Mumbai"])
    postal_code: ShortText | None = Field(default=None, examples=["400050"])
    country: Country = "IN"


class CustomerIn(BaseModel):
    """A customer to create."""

    model_config = ConfigDict(extra="forbid")

    name: LongText = Field(examples=["Ann Pillai"])
    email: Email | None = None
    phone: Phone | None = Field(default=None, description="International; kept as E.164.")
    locale: LanguageTag = Field(default="en-IN", description="In which language they are written to.")
    time_zone: TimeZone = Field(default="Asia/Kolkata", description="Whose days count for them.")
    address: Address | None = None
    state_code: StateCode | None = Field(default=None, description="GST state. Defaults to that of the GSTIN.")
    gstin: Gstin | None = None


class CustomerChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"phone": "+919812345678"}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    name: LongText = Field(default_factory=str)
    email: Email | None = Field(default_factory=lambda: None)
    phone: Phone | None = Field(default_factory=lambda: None)
    locale: LanguageTag = Field(default_factory=str)
    time_zone: TimeZone = Field(default_factory=str)
    address: Address | None = Field(default_factory=lambda: None)
    state_code: StateCode | None = Field(default_factory=lambda: None)
    gstin: Gstin | None = Field(default_factory=lambda: None)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class CustomerOut(BaseModel):
    """A customer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    name: str
    email: str | None
    phone: str | None
    locale: str
    time_zone: str
    address: Address | None
    state_code: str | None
    gstin: str | None
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime
    erased_at: datetime | None = Field(description="When everything personal was forgotten; null for a customer who is known.")
