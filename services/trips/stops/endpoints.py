"""/v1/vehicles/{vehicle_id}/stops, /v1/trips/{trip_id}/stops: where a vehicle stood."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from services.trips import stop_deps
from services.trips.auth import ReadableOrganization
from services.trips.days import Moment
from services.trips.positions.errors import TrackTooLong
from services.trips.stops.detection import StopRule
from services.trips.stops.errors import PeriodTooLong
from services.trips.stops.schemas import StopsOut
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from services.trips.vehicles.errors import VehicleNotFound
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1", tags=["stops"])


async def meant_stop(
    radius_m: Annotated[float, Query(ge=10, le=2000, description="Within which its points lie.")] = 100,
    lasts_s: Annotated[int, Query(ge=30, le=86_400, description="For how long at least.")] = 180,
) -> StopRule:
    """What the caller calls a stop."""
    return StopRule(radius_m, timedelta(seconds=lasts_s))


MeantStop = Annotated[StopRule, Depends(meant_stop)]


@router.get(
    "/vehicles/{vehicle_id:uuid}/stops",
    name="of_vehicle",
    summary="List where a vehicle stood",
    responses=problems(VehicleNotFound, PeriodTooLong, TrackTooLong),
)
async def list_stops(
    vehicle_id: Annotated[UUID, Path(description="The vehicle's id.")],
    organization_id: ReadableOrganization,
    db: ReadDb,
    request: Request,
    rule: MeantStop,
    since: Annotated[Moment, Query(description="From then on.")],
    until: Annotated[Moment | None, Query(description="Until then; until now without it.")] = None,
) -> StopsOut:
    """Worked out of the positions that are known now, so late ones count. At most 25 hours and 100,000 positions at once."""
    stops = stop_deps.stops(db, runtime_of(request).clock)
    return await stops.of_vehicle(vehicle_id, organization_id, since, until, rule)


@router.get(
    "/trips/{trip_id:uuid}/stops",
    name="of_trip",
    summary="List where a trip's vehicle stood",
    responses=problems(TripNotFound, PeriodTooLong, TrackTooLong),
)
async def list_stops_of_trip(
    trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb, request: Request, rule: MeantStop
) -> StopsOut | None:
    """From setting out to the end, with the stands at the pickup and at the drop-off; null while nobody has set out."""
    return await stop_deps.stops(db, runtime_of(request).clock).of_trip(trip_id, organization_id, rule)
