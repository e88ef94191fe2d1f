"""How following trips is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from services.trips.live.arrivals import LiveArrivals
from services.trips.live.channel import LiveChannel
from services.trips.live.hub import Hub
from services.trips.live.places import LivePlaces
from services.trips.live.statuses import TripStatuses
from services.trips.live.stream import LiveStream
from services.trips.live.tickets import Tickets
from services.trips.settings import TripsSettings
from shared.runtime.http.runtime import HttpRuntime

if TYPE_CHECKING:
    import redis.asyncio as redis

# One of each in a process, under the one client of the broker that the process has.
_places: "WeakKeyDictionary[redis.Redis, LivePlaces]" = WeakKeyDictionary()
_hubs: "WeakKeyDictionary[redis.Redis, tuple[Hub, TripStatuses]]" = WeakKeyDictionary()


def live_places(runtime: HttpRuntime) -> LivePlaces:
    """Tells where this process's vehicles are."""
    if runtime.redis not in _places:
        factor = runtime.settings.time_factor
        _places[runtime.redis] = LivePlaces(LiveChannel(runtime.redis, factor), factor)
    return _places[runtime.redis]


def live_stream(runtime: HttpRuntime) -> LiveStream:
    """Following trips. All streams of a process share one reader."""
    factor = runtime.settings.time_factor
    if runtime.redis not in _hubs:
        statuses, settings = TripStatuses(runtime.database.read, runtime.clock), runtime.settings
        arrivals = LiveArrivals(runtime.database.read, runtime.clock, factor)
        most = settings.live_streams_max if isinstance(settings, TripsSettings) else None
        _hubs[runtime.redis] = (Hub(LiveChannel(runtime.redis, factor), statuses, arrivals, factor, most=most), statuses)
    hub, known = _hubs[runtime.redis]
    return LiveStream(hub, known, runtime.clock, factor)


def shared_stream(runtime: HttpRuntime) -> LiveStream:
    """The same for anybody who has a link."""
    return live_stream(runtime).for_anybody()


def tickets(runtime: HttpRuntime) -> Tickets:
    """Issues and takes tickets."""
    return Tickets(runtime.redis)


@asynccontextmanager
async def kept_live(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Tell what waits, and let go of Redis, before the API's connections close."""
    yield
    places, following = _places.pop(runtime.redis, None), _hubs.pop(runtime.redis, None)
    if places is not None:
        await places.close()
    if following is not None:
        await following[0].close()
