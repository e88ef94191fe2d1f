"""Shapes of the drivers API."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.trips.days import Day
from services.trips.drivers.contact_facts import Email, LanguageTag, Phone, TimeZone
from services.trips.drivers.models import DriverStatus, Works
from services.trips.texts import LongText, Names

LicenceClass = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9+-]{0,19}$", examples=["LMV"])]
LicenceNumber = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9 /-]{0,39}$", examples=["MH12 20190012345"])]
LicenceClasses = Annotated[list[LicenceClass], Field(max_length=20), AfterValidator(lambda classes: sorted(set(classes)))]


class DriverIn(BaseModel):
    """A driver to create."""

    model_config = ConfigDict(extra="forbid")

    name: LongText = Field(examples=["Ravi Kale"])
    phone: Phone | None = Field(default=None, description="International; kept as E.164.")
    email: Email | None = None
    locale: LanguageTag = Field(default="en-IN", description="In which language they are written to.")
    time_zone: TimeZone = Field(default="Asia/Kolkata", description="Whose days count for them.")
    licence_number: LicenceNumber | None = None
    licence_classes: LicenceClasses = Field(default_factory=list, description="Classes that their licence is for.")
    licence_expires_on: Day | None = Field(default=None, description="The last day on which they may drive.")
    skills: Names = Field(default_factory=list, description="What they can do beside driving, such as `first_aid`.")
    usual_vehicle_id: UUID | None = Field(default=None, description="The vehicle that they drive unless another one is named.")
    works: Works = Field(default="always", description="`shifts`: they are free only within a shift of duty.")


class DriverChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": "suspended"}]})

    # Factories keep the defaults, which nobody reads, out of the documentation.
    name: LongText = Field(default_factory=str)
    phone: Phone | None = Field(default_factory=lambda: None)
    email: Email | None = Field(default_factory=lambda: None)
    locale: LanguageTag = Field(default_factory=str)
    time_zone: TimeZone = Field(default_factory=str)
    licence_number: LicenceNumber | None = Field(default_factory=lambda: None)
    licence_classes: LicenceClasses = Field(default_factory=list)
    licence_expires_on: Day | None = Field(default_factory=lambda: None)
    skills: Names = Field(default_factory=list)
    usual_vehicle_id: UUID | None = Field(default_factory=lambda: None)
    works: Works = Field(default_factory=lambda: "always")
    status: DriverStatus = Field(
        default_factory=lambda: "active", description="Who is not active gets no trips; those that they have stay theirs."
    )

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class DriverOut(BaseModel):
    """A driver."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    name: str
    phone: str | None
    email: str | None
    locale: str
    time_zone: str
    licence_number: str | None
    licence_classes: list[str]
    licence_expires_on: date | None
    skills: list[str]
    usual_vehicle_id: UUID | None
    works: Works
    status: DriverStatus
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime
    erased_at: datetime | None = Field(description="When everything personal was forgotten; null for a driver who is known.")
