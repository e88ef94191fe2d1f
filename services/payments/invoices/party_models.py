"""Who sells and who buys, as an invoice keeps them: facts of the day of issue, which later changes of either do not reach."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.legal_entities.models import Address, BankAccount, LegalEntity


class Seller(BaseModel):
    """The legal entity as it was."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)

    id: UUID
    name: str
    address: Address | None
    state_code: str | None
    gstin: str | None
    email: str | None
    phone: str | None
    time_zone: str
    upi_id: str | None
    bank: BankAccount | None
    lut_reference: str | None
    signatory: str | None

    @classmethod
    def of(cls, entity: LegalEntity) -> Self:
        """Of a legal entity, now."""
        return cls.model_validate(entity)


class Buyer(BaseModel):
    """Who buys. A GSTIN makes it a business; delivery: where that is elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200, examples=["Asha Rao"])
    address: Address | None = None
    state_code: str | None = Field(default=None, pattern=r"^[0-9]{2}$", examples=["29"])
    gstin: str | None = Field(default=None, pattern=r"^[0-9]{2}[0-9A-Z]{13}$", examples=["29AAGCB7383J1Z4"])
    email: str | None = Field(default=None, max_length=320, examples=["asha@example.com"])
    phone: str | None = Field(default=None, max_length=32)
    delivery: Address | None = None
