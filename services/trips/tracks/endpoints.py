"""/v1/trips/{trip_id}/track…: where a trip went, as a file, and how far."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from services.trips import track_deps
from services.trips.auth import ReadableOrganization
from services.trips.tracks.files import GEO_JSON, GPX, geo_json, gpx
from services.trips.tracks.schemas import TrackDistance
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/trips", tags=["tracks"], responses=problems(TripNotFound))


@router.get(
    "/{trip_id:uuid}/track",
    name="geo_json",
    summary="Show a trip's track",
    response_class=Response,
    responses={200: {"content": {GEO_JSON: {"schema": {"type": "object"}}}}},
)
async def get_track(trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> Response:
    """GeoJSON (RFC 7946): one line, longitude first, with its times and speeds; as far as positions are kept."""
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    tracks = track_deps.tracks(db, runtime_of(request).clock)
    places = await tracks.of(trip)
    measured = tracks.measured(trip, places)
    facts = {"status": trip.status, "distance_m": measured.distance_m if measured else None}
    return Response(geo_json(trip.id, trip.number, places, facts), media_type=GEO_JSON)


@router.get(
    "/{trip_id:uuid}/track.gpx",
    name="gpx",
    summary="Export a trip's track",
    response_class=StreamingResponse,
    responses={200: {"content": {GPX: {"schema": {"type": "string"}}}}},
)
async def get_gpx(trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> StreamingResponse:
    """GPX 1.1, as other programs for maps read it."""
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    places = await track_deps.tracks(db, runtime_of(request).clock).of(trip)
    headers = {"Content-Disposition": f'attachment; filename="{trip_id}.gpx"'}
    return StreamingResponse(gpx(trip.number, places), media_type=GPX, headers=headers)


@router.get("/{trip_id:uuid}/distance", name="distance", summary="Measure a trip's track")
async def get_distance(trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb) -> TrackDistance:
    """The great circles between positions, without what a vehicle that stands still seems to move, and the evidence."""
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    tracks = track_deps.tracks(db, runtime_of(request).clock)
    measured = tracks.measured(trip, await tracks.of(trip))
    return TrackDistance(
        trip_id=trip.id,
        distance_m=measured.distance_m if measured else None,
        is_whole=measured is not None and measured.is_whole,
        evidence=measured.evidence if measured else None,
    )
