"""Shapes of the vehicles API."""

import re
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from services.trips.drivers.schemas import LicenceClass
from services.trips.texts import Names, ShortText
from services.trips.vehicles.models import VehicleStatus

_PLATE: Final = re.compile(r"[A-Z0-9]{2,15}")


def plate(text: str) -> str:
    """The plate in one form: `mh-12 ab 1234` is `MH12AB1234`. Raises ValueError."""
    bare = re.sub(r"[\s.-]", "", text).upper()
    if not _PLATE.fullmatch(bare):
        raise ValueError("is no number plate: write 2 to 15 letters and digits of ASCII, such as MH12AB1234")
    return bare


Plate = Annotated[
    str, Field(max_length=30), AfterValidator(plate), WithJsonSchema({"type": "string", "examples": ["MH12AB1234"]})
]
Seats = Annotated[int, Field(strict=True, ge=0, le=100, examples=[4])]
WheelchairPlaces = Annotated[int, Field(strict=True, ge=0, le=20, examples=[1])]
Stretchers = Annotated[int, Field(strict=True, ge=0, le=10, examples=[0])]
Flag = Annotated[bool, Field(strict=True)]


class VehicleIn(BaseModel):
    """A vehicle to create."""

    model_config = ConfigDict(extra="forbid")

    plate: Plate = Field(description="Kept in capitals without blanks and hyphens.")
    label: ShortText | None = Field(default=None, description="As people call it.")
    seats: Seats = Field(description="Beside the driver's.")
    wheelchair_places: WheelchairPlaces = 0
    stretchers: Stretchers = 0
    bariatric: Flag = Field(default=False, description="Whether its stretchers carry bariatric passengers.")
    equipment: Names = Field(default_factory=list, description="What it carries, such as `oxygen`.")
    licence_class: LicenceClass | None = Field(default=None, description="The class that its driver's licence must be for.")


class VehicleChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "out_of_service"}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    plate: Plate = Field(default_factory=str)
    label: ShortText | None = Field(default_factory=lambda: None)
    seats: Seats = Field(default_factory=int)
    wheelchair_places: WheelchairPlaces = Field(default_factory=int)
    stretchers: Stretchers = Field(default_factory=int)
    bariatric: Flag = Field(default_factory=bool)
    equipment: Names = Field(default_factory=list)
    licence_class: LicenceClass | None = Field(default_factory=lambda: None)
    status: VehicleStatus = Field(
        default_factory=lambda: "in_service",
        description="What is not in service gets no trips; those that it has stay its. A retired one gives its plate away.",
    )

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class VehicleOut(BaseModel):
    """A vehicle."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    plate: str
    label: str | None
    seats: int
    wheelchair_places: int
    stretchers: int
    bariatric: bool
    equipment: list[str]
    licence_class: str | None
    status: VehicleStatus
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime
