"""Shapes of the shipments API."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.alerts.shipments.cell_values import MAX_DOCUMENTS, MAX_RECIPIENTS, email, plain
from services.alerts.shipments.day_models import Day
from services.alerts.shipments.models import EtaRevision, HoldKind, Mode, Shipment, ShipmentHold, Status

MAX_FEE_MINOR: Final = 2**63 - 1


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(plain)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(plain)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(plain)]
Recipients = Annotated[
    list[Annotated[str, AfterValidator(email)]],
    Field(min_length=1, max_length=MAX_RECIPIENTS, examples=[["customs.desk@example.com"]]),
    AfterValidator(_once),
]
Documents = Annotated[list[ShortText], Field(max_length=MAX_DOCUMENTS, examples=[["Commercial invoice"]]), AfterValidator(_once)]


class ShipmentOut(BaseModel):
    """A shipment."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    customer: str = Field(examples=["Nordlicht Handels GmbH"])
    reference: str = Field(examples=["MAEU1234567"])
    mode: Mode | None
    carrier: str = Field(examples=["Maersk"])
    origin: str = Field(examples=["CNSHA"])
    destination: str = Field(examples=["DEHAM"])
    original_eta: date = Field(description="The first ETA that we were told.")
    current_eta: date
    eta_revision: int = Field(description="How many ETAs we were told, this one included.")
    status: Status
    recipients: list[str] = Field(description="Whom its alerts are sent to.", examples=[["customs.desk@example.com"]])
    last_free_day: date | None = Field(description="Until when storing the goods costs nothing.")
    missing_documents: list[str] = Field(examples=[["Commercial invoice"]])
    version: int = Field(description="The entity tag's number.")
    changed_by: str = Field(description="Whom this version comes from.", examples=["operator:anna"])
    created_at: datetime
    updated_at: datetime


class EtaRevisionOut(BaseModel):
    """One ETA that we were told."""

    model_config = ConfigDict(from_attributes=True)

    revision: int
    eta: date
    told_at: datetime
    told_by: str = Field(examples=["system:import"])


class HoldOut(BaseModel):
    """Why goods are held."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: HoldKind
    placed_on: date
    released_on: date | None = Field(description="Null while it is in force.")
    fee_minor: int | None = Field(description="What it costs, in the currency's minor units.", examples=[12500])
    currency: str | None = Field(examples=["EUR"])
    note: str | None
    created_at: datetime


class ShipmentDetail(ShipmentOut):
    """A shipment with everything that belongs to it."""

    eta_revisions: list[EtaRevisionOut] = Field(description="Every ETA that we were told, the first one first.")
    holds: list[HoldOut] = Field(description="Those in force and those released, the first one first.")

    @classmethod
    def of(cls, shipment: Shipment, revisions: "list[EtaRevision]", holds: "list[ShipmentHold]") -> "ShipmentDetail":
        """The whole of these rows."""
        return cls(
            **ShipmentOut.model_validate(shipment).model_dump(),
            eta_revisions=[EtaRevisionOut.model_validate(one) for one in revisions],
            holds=[HoldOut.model_validate(one) for one in holds],
        )


class ShipmentCreate(BaseModel):
    """A shipment that is not known yet."""

    model_config = ConfigDict(extra="forbid")

    reference: ShortText = Field(
        description="By which imports and people find it; unique in its organization.", examples=["MAEU1"]
    )
    customer: LongText = Field(examples=["Nordlicht Handels GmbH"])
    mode: Mode | None = None
    carrier: ShortText = Field(examples=["Maersk"])
    origin: ShortText = Field(examples=["CNSHA"])
    destination: ShortText = Field(examples=["DEHAM"])
    current_eta: Day = Field(examples=["2026-11-20"])
    status: Status = "in_transit"
    recipients: Recipients
    last_free_day: Day | None = None
    missing_documents: Documents = []


class ShipmentUpdate(BaseModel):
    """What is to change; what is left out stays. null empties mode and last_free_day. The reference stays what it is."""

    # Factories keep the defaults, which nobody reads, out of the documentation.
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"current_eta": "2026-11-24", "status": "arrived"}]}
    )

    customer: LongText = Field(default_factory=str)
    mode: Mode | None = Field(default_factory=lambda: None)
    carrier: ShortText = Field(default_factory=str)
    origin: ShortText = Field(default_factory=str)
    destination: ShortText = Field(default_factory=str)
    current_eta: Day = Field(default_factory=lambda: date.min)
    status: Status = Field(default_factory=lambda: "in_transit")
    recipients: Recipients = Field(default_factory=list)
    last_free_day: Day | None = Field(default_factory=lambda: None)
    missing_documents: Documents = Field(default_factory=list)


class HoldCreate(BaseModel):
    """A hold that begins."""

    model_config = ConfigDict(extra="forbid")

    kind: HoldKind
    placed_on: Day | None = Field(default=None, description="Defaults to today, in UTC.")
    fee_minor: int | None = Field(default=None, strict=True, ge=0, le=MAX_FEE_MINOR, examples=[12500])
    currency: str | None = Field(
        default=None, pattern=r"^[A-Z]{3}$", description="ISO 4217; comes with fee_minor.", examples=["EUR"]
    )
    note: Note | None = None

    @model_validator(mode="after")
    def _fee_is_money(self) -> "HoldCreate":
        if (self.fee_minor is None) != (self.currency is None):
            raise ValueError("fee_minor and currency come together or not at all")
        return self


class HoldRelease(BaseModel):
    """The end of a hold."""

    model_config = ConfigDict(extra="forbid")

    released_on: Day | None = Field(default=None, description="Defaults to today, in UTC.")
