"""The HTTP API of the trips service: `uvicorn services.trips.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.trips import live_deps, position_deps
from services.trips.completion.endpoints import router as completions
from services.trips.devices.endpoints import router as devices
from services.trips.dispatch import endpoints as dispatch
from services.trips.drivers.endpoints import router as drivers
from services.trips.eta.endpoints import router as eta
from services.trips.flags import endpoints as flags
from services.trips.geofences import endpoints as geofences
from services.trips.live.endpoints import router as live
from services.trips.positions.client_endpoints import osmand_router, owntracks_router
from services.trips.positions.endpoints import router as positions
from services.trips.positions.reading_endpoints import router as position_reading
from services.trips.settings import TripsSettings
from services.trips.settings import settings as read_settings
from services.trips.shares.endpoints import router as share_links
from services.trips.shares.public_endpoints import router as shared
from services.trips.shifts.endpoints import router as shifts
from services.trips.stops.endpoints import router as stops
from services.trips.summaries.endpoints import router as summaries
from services.trips.tracks.endpoints import router as tracks
from services.trips.trips.action_endpoints import router as trip_actions
from services.trips.trips.endpoints import router as trips
from services.trips.vehicles.endpoints import router as vehicles
from shared.runtime.http import app as http

# Devices report all the time, and a request is matched with one route after the other.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    positions,
    osmand_router,
    owntracks_router,
    completions,
    devices,
    dispatch.router,
    dispatch.settings,
    drivers,
    flags.limits,
    flags.router,
    flags.watch_settings,
    eta,
    geofences.events,
    geofences.router,
    share_links,
    shared,
    shifts,
    live,
    position_reading,
    stops,
    summaries,
    tracks,
    trip_actions,
    trips,
    vehicles,
)


def create_app(settings: TripsSettings | type[TripsSettings] = TripsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(settings, ROUTERS, extras=(live_deps.kept_live, position_deps.kept_ingest))


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return http.serve(read_settings(), create_app)
