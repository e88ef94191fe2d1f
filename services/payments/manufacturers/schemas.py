"""Shapes of the manufacturers API."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.payments.manufacturers.models import (
    Capability,
    CapabilityFacts,
    CapacityPeriod,
    Manufacturer,
    on_time_bp,
    quality_bp,
)
from services.payments.money.schemas import CurrencyCode, PositiveMinor
from services.payments.tax.states import STATES
from services.payments.texts import LongText, one_line
from shared.contracts.notifications.fields import Email

MAX_UNITS: Final = 1_000_000_000
MAX_PRICE_MINOR: Final = 10**10
"""Ten crore rupees for one unit, so that the largest order of it still fits a bigint."""
CAPABILITY: Final = "^[a-z][a-z0-9_]{0,63}$"


def _known_state(code: str) -> str:
    if code not in STATES:
        raise ValueError("is no GST code of a state; send two digits such as 27")
    return code


Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    AfterValidator(one_line),
    Field(examples=["PUNE-CAST"]),
]
CapabilityName = Annotated[str, Field(pattern=CAPABILITY, examples=["die_casting"])]
StateCode = Annotated[str, AfterValidator(_known_state), Field(examples=["27"])]
States = Annotated[
    list[StateCode],
    Field(min_length=1, max_length=40, description="GST codes of the states that it delivers to; null: everywhere."),
    AfterValidator(lambda codes: sorted(set(codes))),
]
Latitude = Annotated[
    float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False, description="Degrees north.", examples=[18.5204])
]
Longitude = Annotated[
    float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees east.", examples=[73.8567])
]
UnitPriceMinor = Annotated[PositiveMinor, Field(le=MAX_PRICE_MINOR, examples=[12500])]
Units = Annotated[int, Field(strict=True, ge=0, le=MAX_UNITS, examples=[500])]
Quantity = Annotated[int, Field(strict=True, ge=1, le=MAX_UNITS, examples=[50])]


class ManufacturerIn(BaseModel):
    """A manufacturer that is not known yet."""

    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="By which people and files name it; unique in its organization.")
    name: LongText = Field(examples=["Pune Castings Pvt Ltd"])
    email: Email = Field(description="Where offers go.", examples=["orders@punecastings.example"])
    latitude: Latitude
    longitude: Longitude
    serves: States | None = None
    active: bool = Field(default=True, strict=True, description="Whether it is asked at all.")


class ManufacturerChange(BaseModel):
    """What is to change; what is left out stays. `serves: null` is everywhere. The code stays what it is."""

    # Factories keep the defaults, which nobody reads, out of the documentation.
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"active": False}]})

    name: LongText = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    latitude: Latitude = Field(default_factory=float)
    longitude: Longitude = Field(default_factory=float)
    serves: States | None = Field(default_factory=lambda: None)
    active: bool = Field(default_factory=bool, strict=True)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class BlockIn(BaseModel):
    """Why nobody may order there."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(one_line)] = (
        Field(examples=["On the EU consolidated list of sanctions since 2026-03-01"])
    )


class CapabilityIn(BaseModel):
    """What a manufacturer can make, and on which terms."""

    model_config = ConfigDict(extra="forbid")

    minimum_quantity: Quantity = Field(default=1, description="The smallest order that it takes.")
    unit_price_minor: UnitPriceMinor = Field(description="Of one unit, in the currency's minor units.")
    currency: CurrencyCode
    lead_time_days: int = Field(strict=True, ge=0, le=730, description="From the order to the first delivery.", examples=[10])
    capacity_units: Units = Field(description="What it can make in each day or week.")
    capacity_period: CapacityPeriod = Field(default="week", description="Weeks begin on Monday.")

    def facts(self, capability: str) -> CapabilityFacts:
        """The same for a capability."""
        return CapabilityFacts(capability=capability, **self.model_dump())


class CapabilityRow(CapabilityIn):
    """A row of a file: a capability of the manufacturer that has a code."""

    manufacturer: Code
    capability: CapabilityName

    def named_facts(self) -> CapabilityFacts:
        """What it says of the capability."""
        return CapabilityFacts(**self.model_dump(exclude={"manufacturer"}))


class CapabilityOut(BaseModel):
    """What a manufacturer can make."""

    model_config = ConfigDict(from_attributes=True)

    capability: str
    minimum_quantity: int
    unit_price_minor: int
    currency: str
    lead_time_days: int
    capacity_units: int
    capacity_period: CapacityPeriod


class RecordOut(BaseModel):
    """How it went so far, as recorded deliveries show it."""

    deliveries: int = Field(examples=[40])
    on_time: int = Field(description="Of them, by the promised day.", examples=[37])
    units: int = Field(examples=[18_000])
    rejected: int = Field(description="Units that were not good.", examples=[90])
    quality_bp: int = Field(
        ge=0, le=10_000, description="As it counts in scores, in basis points; a newcomer begins with 9500.", examples=[9947]
    )
    on_time_bp: int = Field(ge=0, le=10_000, description="The same; a newcomer begins with 8000.", examples=[9111])


class ManufacturerSummary(BaseModel):
    """A manufacturer, without what it can make."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    code: str
    name: str
    email: str
    latitude: float
    longitude: float
    serves: list[str] | None
    active: bool
    blocked_reason: str | None = Field(description="Null unless nobody may order there.")
    blocked_at: datetime | None
    blocked_by: str | None
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime


class ManufacturerOut(ManufacturerSummary):
    """A manufacturer, what it can make, and how it went so far."""

    capabilities: list[CapabilityOut]
    record: RecordOut

    @classmethod
    def of(cls, one: Manufacturer, capabilities: Sequence[Capability]) -> "ManufacturerOut":
        """The whole of these rows."""
        shown = [CapabilityOut.model_validate(capability) for capability in capabilities]
        return cls(**ManufacturerSummary.model_validate(one).model_dump(), capabilities=shown, record=record_of(one))


def record_of(one: Manufacturer) -> RecordOut:
    """What its deliveries have shown."""
    kept = one.record
    deliveries, on_time, units, rejected = (kept.deliveries, kept.on_time, kept.units, kept.rejected) if kept else (0, 0, 0, 0)
    return RecordOut(
        deliveries=deliveries,
        on_time=on_time,
        units=units,
        rejected=rejected,
        quality_bp=quality_bp(units, rejected),
        on_time_bp=on_time_bp(deliveries, on_time),
    )


class PeriodOut(BaseModel):
    """A day or week of which something is reserved."""

    model_config = ConfigDict(from_attributes=True)

    capability: str
    starts_on: date
    capacity_units: int
    reserved_units: int


class CapacityOut(BaseModel):
    """What is reserved; of days and weeks that are not here, all is free."""

    periods: list[PeriodOut]


class ImportProblem(BaseModel):
    """Why a row was left out."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Counted from 1, the header included.", examples=[7])
    column: str | None = Field(description="Null where the row as a whole is wrong.", examples=["unit_price_minor"])
    reason: str


class CapabilityImport(BaseModel):
    """What became of a file: rows = created + updated + unchanged + rejected."""

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    problems: list[ImportProblem] = Field(description="In the order of the file, one thousand at most.")
