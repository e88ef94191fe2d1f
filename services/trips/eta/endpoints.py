"""/v1/trips/{trip_id}/eta: when its vehicle will be at the next place."""

from fastapi import APIRouter, Request

from services.trips import geofence_deps
from services.trips.auth import ReadableOrganization
from services.trips.eta.schemas import EtaOut
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/trips", tags=["eta"])


@router.get("/{trip_id:uuid}/eta", summary="Ask when a vehicle will be there", responses=problems(TripNotFound))
async def eta(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb, request: Request) -> EtaOut:
    """At the pickup until the passenger is on board, then at the drop-off. Worked out by no map: see its bounds."""
    return await geofence_deps.arrivals(db, runtime_of(request).clock).of(trip_id, organization_id)
