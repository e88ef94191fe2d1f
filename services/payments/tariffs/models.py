"""Tariffs in versions, and trips that are billed by them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TariffRates:
    """What a trip costs, before tax, in minor units.

    Waiting is charged beyond free_waiting_s, and is no time of the trip. minimum_minor: for all of it together.
    """

    currency: str
    base_minor: int
    per_km_minor: int
    per_minute_minor: int
    waiting_minute_minor: int
    free_waiting_s: int
    minimum_minor: int
    tax_rate_bp: int
    sac: str


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """What an organization charges for one kind of mobility from a moment on. Never changed."""

    id: UUID
    organization_id: UUID
    mobility: str
    valid_from: datetime
    rates: TariffRates
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class TripFacts:
    """What a trip is billed by. duration_s includes waiting_s."""

    distance_m: int
    duration_s: int
    waiting_s: int


@dataclass(frozen=True, slots=True)
class BillableTrip:
    """A completed trip as trips has told of it. customer_id: None where nobody is billed."""

    trip_id: UUID
    organization_id: UUID
    entity_version: int
    trip_number: str
    customer_id: UUID | None
    mobility: str
    facts: TripFacts
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class PricePart:
    """A position of a trip's price, before tax."""

    description: str
    amount_minor: int
