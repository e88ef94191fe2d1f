"""The settings that the examples add to those of the trips service."""

from pydantic import Field

from services.trips.settings import TripsSettings


class InspectionSettings(TripsSettings):
    """Read from the environment: GARAGE_URL."""

    garage_url: str = Field(description="Base URL of the garage's API.")
