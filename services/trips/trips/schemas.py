"""Shapes of the trips API: what is asked for."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.trips.days import Moment
from services.trips.drivers.contact_facts import Phone
from services.trips.texts import LongText, Name, Names, PlaceAddress, PlaceLabel, Reason, Reference
from services.trips.trips.models import Mobility

Escorts = Annotated[int, Field(strict=True, ge=0, le=8, examples=[1])]
_EXAMPLE: Final[JsonDict] = {
    "customer": "payments.customer:019a9f5e-1b00-7e21-b7c4-90ab12cd34ef",
    "passenger_name": "Ann Pillai",
    "mobility": "wheelchair",
    "escorts": 1,
    "pickup": {"label": "Home", "address": "14 Hill Road, Mumbai", "latitude": 19.0544, "longitude": 72.8277},
    "dropoff": {"label": "City Hospital, dialysis", "latitude": 19.0176, "longitude": 72.8562},
    "pickup_at": "2026-03-02T06:30:00Z",
    "appointment_at": "2026-03-02T07:30:00Z",
}


class Place(BaseModel):
    """Where a trip goes from or to."""

    model_config = ConfigDict(extra="forbid")

    label: PlaceLabel = Field(description="As messages call it, which say no address.", examples=["City Hospital, dialysis"])
    address: PlaceAddress | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False, description="Degrees, WGS 84.")
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False, description="Degrees, WGS 84.")

    @model_validator(mode="after")
    def is_a_point(self) -> Self:
        """One of the two says nothing."""
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self

    def columns(self, end: Literal["pickup", "dropoff"]) -> dict[str, Any]:
        """The place by column of the trip."""
        return {
            f"{end}_label": self.label,
            f"{end}_address": self.address,
            f"{end}_lat": self.latitude,
            f"{end}_lon": self.longitude,
        }


class TripIn(BaseModel):
    """A trip to request."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    trip_type: Name = Field(
        default="standard", description="What kind of trip it is to those who watch over it.", examples=["dialysis"]
    )
    customer: Reference | None = Field(default=None, description="Who pays: `payments.customer:<id>`; nobody is billed without.")
    passenger: Reference | None = Field(default=None, description="Who travels, as notifications knows them.")
    requester: Reference | None = Field(default=None, description="Who asks for it, as notifications knows them.")
    passenger_name: LongText | None = None
    passenger_phone: Phone | None = Field(default=None, description="International; kept as E.164.")
    mobility: Mobility = "ambulatory"
    escorts: Escorts = Field(default=0, description="Who travels with the passenger; each takes a seat.")
    equipment: Names = Field(default_factory=list, description="What the vehicle must carry, such as `oxygen`.")
    skills: Names = Field(default_factory=list, description="What the driver must be able to do.")
    pickup: Place
    dropoff: Place
    pickup_at: Moment | None = Field(default=None, description="When the passenger wants to be collected.")
    appointment_at: Moment | None = Field(default=None, description="When the passenger must be there.")
    will_call: bool = Field(
        default=False, strict=True, description="The passenger calls when they are ready; it waits until then."
    )

    @model_validator(mode="after")
    def says_when(self) -> Self:
        """A trip that nobody calls for has a time."""
        if not self.will_call and self.pickup_at is None and self.appointment_at is None:
            raise ValueError("say when: pickup_at, appointment_at, or will_call where the passenger calls")
        if self.pickup_at and self.appointment_at and self.appointment_at <= self.pickup_at:
            raise ValueError("appointment_at must be after pickup_at")
        return self

    def columns(self) -> dict[str, Any]:
        """What was asked for, by column."""
        plain = self.model_dump(exclude={"pickup", "dropoff", "will_call"})
        return plain | self.pickup.columns("pickup") | self.dropoff.columns("dropoff")


class ReturnIn(BaseModel):
    """The way back of a trip."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"pickup_at": None}]})

    pickup_at: Moment | None = Field(default=None, description="When to collect the passenger; without it they call.")


class TripChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"escorts": 2}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    trip_type: Name = Field(default_factory=str)
    customer: Reference | None = Field(default_factory=lambda: None)
    passenger: Reference | None = Field(default_factory=lambda: None)
    requester: Reference | None = Field(default_factory=lambda: None)
    passenger_name: LongText | None = Field(default_factory=lambda: None)
    passenger_phone: Phone | None = Field(default_factory=lambda: None)
    mobility: Mobility = Field(default_factory=lambda: "ambulatory")
    escorts: Escorts = Field(default_factory=int)
    equipment: Names = Field(default_factory=list)
    skills: Names = Field(default_factory=list)
    pickup: Place = Field(default_factory=lambda: Place(label="-"))
    dropoff: Place = Field(default_factory=lambda: Place(label="-"))
    appointment_at: Moment | None = Field(default_factory=lambda: None)

    def columns(self) -> dict[str, Any]:
        """What was sent, by column."""
        values = self.model_dump(exclude_unset=True, exclude={"pickup", "dropoff"})
        for end, place in (("pickup", self.pickup), ("dropoff", self.dropoff)):
            if end in self.model_fields_set:
                values |= place.columns("pickup" if end == "pickup" else "dropoff")
        return values


class ScheduleIn(BaseModel):
    """When a trip is to be driven."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"pickup_at": "2026-03-02T06:30:00Z", "dropoff_at": "2026-03-02T07:10:00Z"}]},
    )

    pickup_at: Moment
    dropoff_at: Moment = Field(description="When the passenger is expected to be there.")


class StepIn(BaseModel):
    """The next step of a trip."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "at_pickup", "acting_as": "driver"}]})

    status: Literal[
        "will_call",
        "en_route_pickup",
        "at_pickup",
        "onboard",
        "at_dropoff",
        "completed",
        "cancelled",
        "no_show",
        "aborted",
    ]
    acting_as: Literal["operator", "driver", "passenger"] = Field(
        default="operator", description="For whom it is entered; not everybody may take every step."
    )
    reason: Reason | None = Field(default=None, description="Needed to cancel and to abort.")
    message: Reason | None = Field(default=None, description="What those who follow the trip are told.")
    latitude: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False, description="Where it happened.")
    longitude: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)

    @model_validator(mode="after")
    def is_a_point(self) -> Self:
        """One of the two says nothing."""
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        return self

    def details(self) -> dict[str, Any] | None:
        """What is kept of the step beside its reason."""
        said = {"message": self.message, "latitude": self.latitude, "longitude": self.longitude}
        return {name: value for name, value in said.items() if value is not None} or None
