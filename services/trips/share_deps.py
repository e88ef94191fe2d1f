"""How share links are put together."""

from services.trips.settings import TripsSettings
from services.trips.shares.repository import ShareReader, ShareRepository
from services.trips.shares.service import Shared, ShareEntrance, Shares
from services.trips.trips.repository import TripReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database, Session
from shared.runtime.http.runtime import HttpRuntime


def shares(session: Session, clock: Clock, *, by: str) -> Shares:
    """Makes and revokes links, in the session's unit of work."""
    return Shares(ShareRepository(session), TripReader(session), clock, by=by)


async def enter(database: Database, clock: Clock, token: str) -> Shared:
    """What a link shows, read in a transaction of its own: a stream must not hold one."""
    async with database.read() as session:
        return await ShareEntrance(ShareReader(session), clock).enter(token)


def tiles(runtime: HttpRuntime) -> str | None:
    """Where the map's tiles come from, if from anywhere."""
    settings = runtime.settings
    return settings.tile_url if isinstance(settings, TripsSettings) else None
