"""How taking, reading and removing positions is put together, for endpoints and tasks alike."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from services.trips import deps, live_deps
from services.trips.devices.recognition import DeviceRecognition
from services.trips.live.channel import LiveChannel
from services.trips.positions.clean_up import CleanUp
from services.trips.positions.days_repository import DaysReader
from services.trips.positions.gps_broadcast import GpsBroadcast
from services.trips.positions.ingest import Ingest
from services.trips.positions.models import PositionDayDropped
from services.trips.positions.plausibility import Limits, Plausibility
from services.trips.positions.repository import PositionReader
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    import redis.asyncio as redis

    from shared.runtime.archive.keeping import Archive

LIMITS: Final = Limits()

# One of each in a process, under the one client of the broker that the process has.
_ingests: "WeakKeyDictionary[redis.Redis, Ingest]" = WeakKeyDictionary()
_recognitions: "WeakKeyDictionary[redis.Redis, DeviceRecognition]" = WeakKeyDictionary()


def ingest(runtime: HttpRuntime) -> Ingest:
    """Takes the points of this process."""
    if runtime.redis not in _ingests:
        followers = live_deps.live_places(runtime)
        _ingests[runtime.redis] = Ingest(runtime.database.unit_of_work, followers, Plausibility(LIMITS), runtime.clock)
    return _ingests[runtime.redis]


@asynccontextmanager
async def kept_ingest(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Write what waits before the API's connections close."""
    yield
    ended = _ingests.pop(runtime.redis, None)
    if ended is not None:
        await ended.close()


def recognition(runtime: HttpRuntime) -> DeviceRecognition:
    """Recognises the devices that report to this process."""
    if runtime.redis not in _recognitions:
        factor = runtime.settings.time_factor
        _recognitions[runtime.redis] = DeviceRecognition(runtime.database.read, deps.device_entrance, factor)
    return _recognitions[runtime.redis]


def kept_since(clock: Clock) -> datetime:
    """Before then no position is shown, whether its day has been dropped or not."""
    return clock() - LIMITS.kept


def position_reader(session: ReadSession, clock: Clock) -> PositionReader:
    """Reads positions."""
    return PositionReader(session, kept_since(clock))


async def days_ledger(session: ReadSession) -> Sequence[PositionDayDropped]:
    """The days that were dropped last."""
    return await DaysReader(session).ledger(100)


def gps_broadcast(runtime: ProcessRuntime) -> GpsBroadcast:
    """The effect of `trips.broadcast_gps_update`."""
    channel = LiveChannel(runtime.redis, runtime.settings.time_factor)
    return GpsBroadcast(channel, Plausibility(LIMITS), runtime.clock)


def clean_up(runtime: ProcessRuntime) -> CleanUp:
    """The effect of `trips.cleanup_old_gps_data`."""
    archive = _archive(runtime.settings.archive_dir, runtime.clock) if runtime.settings.archive_dir else None
    return CleanUp(runtime.database.unit_of_work, LIMITS.kept, runtime.clock, archive)


def _archive(folder: Path, clock: Clock) -> "Archive":
    # Only who archives pays for the memory of the library.
    from shared.runtime.archive.keeping import Archive

    return Archive(folder, "trips", ("vehicle_id", "recorded_at"), clock)
