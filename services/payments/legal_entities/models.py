"""Legal entities: who sells, as the database holds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model

Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""Letters on one line, as a document can show them."""


class Address(BaseModel):
    """A postal address, as long as that of a customer may be. country: ISO 3166-1, two letters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line1: Annotated[Text, Field(max_length=200, examples=["14 MG Road"])]
    line2: Annotated[Text, Field(max_length=200)] | None = None
    city: Annotated[Text, Field(max_length=100, examples=["Pune"])]
    postal_code: Annotated[Text, Field(max_length=100, examples=["411001"])] | None = None
    country: str = Field(default="IN", pattern=r"^[A-Z]{2}$")


class BankAccount(BaseModel):
    """Where an invoice may be paid by transfer, as it is printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_name: Annotated[Text, Field(max_length=200, examples=["Sahyadri Packaging LLP"])]
    account_number: str = Field(min_length=4, max_length=40, pattern=r"^[A-Za-z0-9 ]+$", examples=["000405112233"])
    ifsc: str = Field(pattern=r"^[A-Z]{4}0[A-Z0-9]{6}$", examples=["ICIC0000004"])
    bank_name: Annotated[Text, Field(max_length=200, examples=["ICICI Bank"])]


class LegalEntity(Model):
    """An organization's seller: whose name, tax number and series stand on its documents."""

    __tablename__ = "legal_entities"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    is_default: Mapped[bool]
    name: Mapped[str]
    address: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state_code: Mapped[str | None]
    gstin: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    currency: Mapped[str]
    invoice_prefix: Mapped[str]
    credit_note_prefix: Mapped[str]
    time_zone: Mapped[str]
    financial_year_start_month: Mapped[int] = mapped_column(SmallInteger)
    upi_id: Mapped[str | None]
    bank: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    lut_reference: Mapped[str | None]
    signatory: Mapped[str | None]
    terms_days: Mapped[int]
    round_to_minor: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class LegalEntityContent:
    """What a legal entity is to say, checked. A prefix of None: the one that it has, or one that is free under its GSTIN."""

    is_default: bool
    name: str
    address: dict[str, Any] | None
    state_code: str | None
    gstin: str | None
    email: str | None
    phone: str | None
    currency: str
    invoice_prefix: str | None
    credit_note_prefix: str | None
    time_zone: str
    financial_year_start_month: int
    upi_id: str | None
    bank: dict[str, Any] | None
    lut_reference: str | None
    signatory: str | None
    terms_days: int
    round_to_minor: int
