"""/v1/trips/{trip_id}/track…: where a trip went, as a file, and how far."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.trips import track_deps
from services.trips.auth import ReadableOrganization
from services.trips.days import Moment
from services.trips.positions.errors import TrackTooLong
from services.trips.tracks.files import GEO_JSON, GPX, geo_json
from services.trips.tracks.schemas import TrackDistance
from services.trips.tracks.service import Part
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from services.trips.trips.repository import TripReader
from services.trips.trips.service import trip_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, ReadDb

_TRACK: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {GEO_JSON: {"schema": {"type": "object"}}}}}

router = APIRouter(prefix="/v1/trips", tags=["tracks"], responses=problems(TripNotFound))


async def meant_part(
    since: Annotated[Moment | None, Query(description="From then on; from setting out on without it.")] = None,
    until: Annotated[Moment | None, Query(description="Until then; until the trip's end, or now, without it.")] = None,
) -> Part:
    """The part of the trip that the caller wants."""
    return Part(since, until)


MeantPart = Annotated[Part, Depends(meant_part)]


@router.get(
    "/{trip_id:uuid}/track",
    name="geo_json",
    summary="Show a trip's track",
    response_class=Response,
    responses=_TRACK | problems(TrackTooLong),
)
async def get_track(
    trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb, part: MeantPart
) -> Response:
    """GeoJSON (RFC 7946): one line, longitude first, with its times and speeds; as far as positions are kept.

    At most 100,000 positions at once: of a longer trip ask for parts, or for the GPX.
    """
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    tracks = track_deps.tracks(db, runtime_of(request).clock)
    places = await tracks.of(trip, part)
    measured = await tracks.measured(trip, part, places)
    facts = {"status": trip.status, "distance_m": measured.distance_m if measured else None}
    return Response(await asyncio.to_thread(geo_json, trip.id, trip.number, places, facts), media_type=GEO_JSON)


@router.get(
    "/{trip_id:uuid}/track.gpx",
    name="gpx",
    summary="Export a trip's track",
    response_class=StreamingResponse,
    responses={200: {"content": {GPX: {"schema": {"type": "string"}}}}},
)
async def get_gpx(
    trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: Db, part: MeantPart
) -> StreamingResponse:
    """GPX 1.1, as other programs for maps read it, however long it is. An answer that is cut off is not the whole file."""
    parts = await track_deps.track_file(db, runtime_of(request).clock).gpx(trip_id, organization_id, part)
    headers = {"Content-Disposition": f'attachment; filename="{trip_id}.gpx"'}
    return StreamingResponse(parts, media_type=GPX, headers=headers)


@router.get("/{trip_id:uuid}/distance", name="distance", summary="Measure a trip's track", responses=problems(TrackTooLong))
async def get_distance(
    trip_id: TripId, organization_id: ReadableOrganization, request: Request, db: ReadDb, part: MeantPart
) -> TrackDistance:
    """The great circles between positions, without what a vehicle that stands still seems to move, and the evidence.

    At most 100,000 positions at once: of a longer trip ask for parts.
    """
    trip = await trip_of(TripReader(db), trip_id, organization_id)
    tracks = track_deps.tracks(db, runtime_of(request).clock)
    measured = await tracks.measured(trip, part, await tracks.of(trip, part))
    return TrackDistance(
        trip_id=trip.id,
        distance_m=measured.distance_m if measured else None,
        is_whole=measured is not None and measured.is_whole,
        evidence=measured.evidence if measured else None,
    )
