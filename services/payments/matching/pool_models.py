"""Who can make what, and what is wanted: the facts that matching works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal
from uuid import UUID

CapacityPeriod = Literal["day", "week"]

FULL_BP: Final = 10_000
"""The best that a term of a score can be, in basis points."""

Rule = Literal["active", "blocked", "excluded", "asked_before", "currency", "region", "minimum_quantity", "lead_time", "capacity"]


@dataclass(frozen=True, slots=True)
class Member:
    """A manufacturer as one capability's pool has it.

    latitude, longitude: in degrees. serves: GST codes of states; None for everywhere. quality_bp, on_time_bp: of past
    deliveries. capacity_units: what can be made in each day or week.
    """

    manufacturer_id: UUID
    unit_price_minor: int
    currency: str
    minimum_quantity: int
    lead_time_days: int
    capacity_units: int
    capacity_period: CapacityPeriod
    latitude: float
    longitude: float
    serves: frozenset[str] | None
    active: bool
    blocked: bool
    quality_bp: int
    on_time_bp: int


Reserved = Mapping[date, int]
"""Units that are reserved in each day or week, by its first day."""


@dataclass(frozen=True, slots=True)
class DemandLine:
    """A line of an order that has no manufacturer. asked_before: who has declined it, or has let an offer of it lapse."""

    number: int
    capability: str
    quantity: int
    asked_before: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order needs.

    state_code: where it is delivered; None where that is unknown or abroad. wanted_on: the last day on which it is good;
    None for any. partners: manufacturers that make other lines of it already.
    """

    order_id: UUID
    currency: str
    state_code: str | None
    place: Place | None
    wanted_on: date | None
    lines: Sequence[DemandLine]
    partners: frozenset[UUID] = field(default=frozenset())
