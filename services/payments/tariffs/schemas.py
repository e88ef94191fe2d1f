"""Shapes of the tariffs API."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.invoices.schemas import HsnSac
from services.payments.money.schemas import CurrencyCode
from services.payments.tariffs.models import BillableTrip, TariffRates, TariffVersion, TripFacts
from shared.contracts.message import UtcDatetime
from shared.contracts.money import AmountMinor

Mobility = Annotated[str, Field(max_length=50, pattern=r"^[a-z][a-z0-9_]*$", examples=["wheelchair"])]
Rate = Annotated[AmountMinor, Field(ge=0, le=1_000_000_000, examples=[1800])]
Fare = Annotated[AmountMinor, Field(ge=0, le=1_000_000_000_000, examples=[15000])]


class RatesIn(BaseModel):
    """What a trip costs, before tax, in minor units. Metres and seconds count exactly; waiting is no time of the trip."""

    model_config = ConfigDict(extra="forbid")

    currency: CurrencyCode = "INR"
    base_minor: Fare = 0
    per_km_minor: Rate = 0
    per_minute_minor: Rate = 0
    waiting_minute_minor: Rate = 0
    free_waiting_s: int = Field(default=0, ge=0, le=86_400)
    minimum_minor: Fare = Field(default=0, description="For all of it together.")
    tax_rate_bp: int = Field(default=0, ge=0, le=10_000, description="In basis points; 5 % is 500.", examples=[500])
    sac: HsnSac = Field(examples=["996412"])

    def rates(self) -> TariffRates:
        """As they are written."""
        return TariffRates(**dict(self))


class TariffIn(BaseModel):
    """A version of a tariff. valid_from: by default now; the first version of its kind may hold from an earlier moment."""

    model_config = ConfigDict(extra="forbid")

    mobility: Mobility
    valid_from: UtcDatetime | None = None
    rates: RatesIn


class RatesOut(BaseModel):
    """What a trip costs, before tax."""

    model_config = ConfigDict(from_attributes=True)

    currency: str
    base_minor: int
    per_km_minor: int
    per_minute_minor: int
    waiting_minute_minor: int
    free_waiting_s: int
    minimum_minor: int
    tax_rate_bp: int
    sac: str


class TariffOut(BaseModel):
    """A version of a tariff. It holds until a newer one of its mobility does."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    mobility: str
    valid_from: datetime
    rates: RatesOut
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, version: TariffVersion) -> Self:
        """As it is shown."""
        return cls.model_validate(version)


class QuoteIn(BaseModel):
    """A trip that might be."""

    model_config = ConfigDict(extra="forbid")

    mobility: Mobility
    distance_m: int = Field(ge=0, le=100_000_000, examples=[18400])
    duration_s: int = Field(ge=0, le=100_000_000, examples=[2700])
    waiting_s: int = Field(default=0, ge=0, le=100_000_000, description="Of duration_s.")
    at: UtcDatetime | None = Field(default=None, description="By the tariff of which moment; by default now.")

    @model_validator(mode="after")
    def _waits_within(self) -> Self:
        if self.waiting_s > self.duration_s:
            raise ValueError("waiting_s is part of duration_s and cannot be more")
        return self

    def facts(self) -> TripFacts:
        """What it is priced by."""
        return TripFacts(self.distance_m, self.duration_s, self.waiting_s)


class QuotePart(BaseModel):
    """A position of a price, before tax."""

    model_config = ConfigDict(from_attributes=True)

    description: str
    amount_minor: int


class QuoteOut(BaseModel):
    """What a trip would cost before tax."""

    tariff_id: UUID
    currency: str
    parts: list[QuotePart]
    taxable_minor: int
    tax_rate_bp: int


class TripOut(BaseModel):
    """A completed trip as trips has told of it. customer_id: null where nobody is billed."""

    trip_id: UUID
    organization_id: UUID
    entity_version: int
    trip_number: str
    customer_id: UUID | None
    mobility: str
    distance_m: int
    duration_s: int
    waiting_s: int
    completed_at: datetime

    @classmethod
    def of(cls, trip: BillableTrip) -> Self:
        """As it is shown."""
        facts = trip.facts
        return cls(
            trip_id=trip.trip_id,
            organization_id=trip.organization_id,
            entity_version=trip.entity_version,
            trip_number=trip.trip_number,
            customer_id=trip.customer_id,
            mobility=trip.mobility,
            distance_m=facts.distance_m,
            duration_s=facts.duration_s,
            waiting_s=facts.waiting_s,
            completed_at=trip.completed_at,
        )
