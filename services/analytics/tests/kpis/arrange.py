"""Events of the services, recorded and counted, as the tests of figures need them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.analytics import event_deps, rollup_deps
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.events.event_models import NewEvent
from services.analytics.tests.events.arrange import OURS, THEIRS
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock

__all__ = ["NOW", "OURS", "THEIRS", "happen", "told"]
NOW: Final = MONDAY_MORNING


def told(name: str, at: datetime = NOW, value: int | None = None, user: str | None = None, **properties: Any) -> NewEvent:
    """An event as a service tells it."""
    text = orjson.dumps(properties).decode() if properties else None
    source = name.partition(".")[0]
    return NewEvent(uuid7(), name, at, user_id=user, value=value, properties=text, source=source)


async def happen(session: Session, database: Database, clock: FrozenClock, events: Iterable[tuple[UUID, NewEvent]]) -> None:
    """Record events and count them."""
    known = list(events)
    days = EventDaysRepository(session)
    for day in sorted({event.occurred_at.date() for _, event in known}):
        await days.make(day, day)
    await event_deps.recording(session).admitted(known, clock(), accept_late=True)
    await rollup_deps.rolling(database, clock).roll()
    clock.advance(timedelta(seconds=1))
