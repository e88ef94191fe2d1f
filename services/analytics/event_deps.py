"""How taking, counting and reading events is put together, for endpoints and tasks alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from services.analytics.business_events.service import BusinessEvents
from services.analytics.event_names.repository import NameReader, NameRepository
from services.analytics.event_names.service import EventNames, Registering
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.events.event_models import Limits
from services.analytics.events.ingest import EventIngest
from services.analytics.events.recording import EventRecording
from services.analytics.events.writing_repository import EventRepository
from services.analytics.quarantine.repository import QuarantineRepository
from services.analytics.quarantine.service import Quarantine
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime

if TYPE_CHECKING:
    import redis.asyncio as redis

LIMITS: Final = Limits()

# One in a process, under the one client of the broker that the process has.
_ingests: "WeakKeyDictionary[redis.Redis, EventIngest]" = WeakKeyDictionary()


def ingest(runtime: HttpRuntime) -> EventIngest:
    """Takes the events of this process."""
    if runtime.redis not in _ingests:
        _ingests[runtime.redis] = EventIngest(runtime.database.unit_of_work, LIMITS, runtime.clock)
    return _ingests[runtime.redis]


@asynccontextmanager
async def kept_ingest(runtime: HttpRuntime) -> AsyncIterator[None]:
    """Write what waits before the API's connections close."""
    yield
    ended = _ingests.pop(runtime.redis, None)
    if ended is not None:
        await ended.close()


def event_names(session: ReadSession) -> EventNames:
    """Reads which kinds of events there are."""
    return EventNames(NameReader(session))


def registering(session: Session, clock: Clock, *, by: str) -> Registering:
    """Registers kinds of events, in the session's unit of work."""
    return Registering(NameRepository(session), clock, by=by)


def recording(session: Session) -> EventRecording:
    """Writes events, in the session's unit of work."""
    return EventRecording(EventRepository(session), QuarantineRepository(session), LIMITS)


def quarantine(session: Session, clock: Clock, *, by: str) -> Quarantine:
    """Decides on what was put aside, in the session's unit of work."""
    return Quarantine(QuarantineRepository(session), recording(session), EventDaysRepository(session), clock, by=by)


def business_events(session: Session) -> BusinessEvents:
    """Counts what the services tell, in the session's unit of work."""
    return BusinessEvents(recording(session), EventDaysRepository(session), LIMITS)
