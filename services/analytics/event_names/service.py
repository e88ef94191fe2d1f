"""Which kinds of events there are, and what is counted of them."""

from services.analytics.event_names.catalogue_models import HTTP_EVENTS, OWN_NAMES, SERVICE_EVENTS, Measure, is_reserved
from services.analytics.event_names.errors import NameReserved
from services.analytics.event_names.repository import NameReader, NameRepository
from services.analytics.event_names.schemas import EventNameIn, EventNameOut
from shared.runtime.clock import Clock


class EventNames:
    """Reads."""

    def __init__(self, names: NameReader) -> None:
        self._names = names

    async def all(self) -> list[EventNameOut]:
        """Every kind, by name."""
        shown = [EventNameOut.of(one, "service") for one in SERVICE_EVENTS]
        shown += [EventNameOut.of(one, "built_in") for one in HTTP_EVENTS]
        shown += [EventNameOut.of(one.event_name(), "registered") for one in await self._names.all()]
        return sorted(shown, key=lambda one: one.name)

    async def measures(self) -> list[Measure]:
        """What is counted of all kinds."""
        registered = [one.event_name() for one in await self._names.all()]
        return [measure for one in (*SERVICE_EVENTS, *HTTP_EVENTS, *registered) for measure in one.all_measures()]


class Registering:
    """Writes in one unit of work."""

    def __init__(self, names: NameRepository, clock: Clock, *, by: str) -> None:
        self._names = names
        self._clock = clock
        self._by = by

    async def put(self, name: str, asked: EventNameIn) -> EventNameOut:
        """Register a name, or say anew what it means: what is counted from then on follows it. Raises NameReserved."""
        if is_reserved(name) or name in OWN_NAMES:
            raise NameReserved("this name is known from the start, or begins with a service's; begin yours otherwise")
        row = await self._names.put(name, asked.model_dump(), self._clock(), self._by)
        return EventNameOut.of(row.event_name(), "registered")
