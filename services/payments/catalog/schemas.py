"""Shapes of the products API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.catalog.models import SKU
from services.payments.money.schemas import CurrencyCode, NonNegativeMinor
from services.payments.texts import LongText

Sku = Annotated[str, Field(pattern=f"^{SKU}$", examples=["CHAIR-OAK-01"])]
HsnSac = Annotated[
    str, Field(pattern="^([0-9]{4}|[0-9]{6}|[0-9]{8})$", examples=["940161"], description="HSN of goods, SAC of services.")
]
RateBp = Annotated[int, Field(strict=True, ge=0, le=10_000, examples=[1800], description="Basis points: 1800 is 18 %.")]
Capability = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,63}$", examples=["wood_turning"])]
LeadTimeDays = Annotated[int, Field(strict=True, ge=0, le=365, examples=[14])]


class ProductIn(BaseModel):
    """A product to add to the catalogue."""

    model_config = ConfigDict(extra="forbid")

    sku: Sku
    name: LongText = Field(examples=["Oak chair"])
    hsn_sac: HsnSac
    unit_price_minor: NonNegativeMinor = Field(description="Before tax, in the currency's minor units.")
    currency: CurrencyCode
    tax_rate_bp: RateBp
    capability: Capability | None = Field(
        default=None, description="What its maker must be able to do; null: it comes from stock."
    )
    lead_time_days: LeadTimeDays = 0
    active: bool = Field(default=True, strict=True)


class ProductChange(BaseModel):
    """What is to change; what is left out stays. The SKU and the currency stay what they are."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"unit_price_minor": 129900}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    name: LongText = Field(default_factory=str)
    hsn_sac: HsnSac = Field(default_factory=str)
    unit_price_minor: NonNegativeMinor = Field(default_factory=int)
    tax_rate_bp: RateBp = Field(default_factory=int)
    capability: Capability | None = Field(default_factory=lambda: None)
    lead_time_days: LeadTimeDays = Field(default_factory=int)
    active: bool = Field(default_factory=bool, strict=True)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class ProductOut(BaseModel):
    """A product, as it is or as it was at a version."""

    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    sku: str
    name: str
    hsn_sac: str
    unit_price_minor: int
    currency: str
    tax_rate_bp: int
    capability: str | None
    lead_time_days: int
    active: bool
    version: int = Field(description="The entity tag's number.")
    updated_at: datetime
    updated_by: str = Field(description="Whom this version comes from.")


class ImportProblem(BaseModel):
    """A row that was left out."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Counted from 1, the header included.")
    column: str | None = Field(description="Null where the row as a whole is wrong.")
    reason: str


class CatalogueImport(BaseModel):
    """What came of a file."""

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    problems: list[ImportProblem]
