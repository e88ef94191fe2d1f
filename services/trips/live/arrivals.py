"""When vehicles will be there, for those who follow their trips: worked out anew twice a minute, and after each status.

Each process works it out for its own followers. Nothing is kept of it, so it moves nobody's last id.
"""

import time
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.trips.eta.estimate import Speed, arrival
from services.trips.eta.repository import ArrivalReader
from services.trips.live.events import LiveEvent
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession

EVERY_S: Final = 30.0
UNKNOWN_S: Final = 5.0
"""After which it is tried again where nothing could be said."""


class LiveArrivals:
    """The arrivals of the trips that one process follows. Reads in transactions of its own."""

    def __init__(
        self, read: Callable[[], AbstractAsyncContextManager[ReadSession]], clock: Clock, time_factor: float = 1.0
    ) -> None:
        self._read = read
        self._clock = clock
        self._every_s, self._unknown_s = EVERY_S * time_factor, UNKNOWN_S * time_factor
        self._due_at: dict[str, float] = {}
        self._last: dict[str, LiveEvent] = {}
        self._said: set[str] = set()
        self._number = 0

    async def news(self, trip_ids: Collection[str]) -> list[LiveEvent]:
        """What is to be told of these trips now. Where nothing can be said any more, that is told once."""
        now, at = time.monotonic(), self._clock()
        due = [trip_id for trip_id in trip_ids if self._due_at.get(trip_id, 0.0) <= now]
        if not due:
            return []
        async with self._read() as session:
            known = {row.trip_id: row for row in await ArrivalReader(session).under_way(due, at)}
        for trip_id in due:
            self._due_at[trip_id] = now + (self._every_s if trip_id in known else self._unknown_s)
        return [self._told(trip_id, known.get(trip_id), at) for trip_id in due if trip_id in known or trip_id in self._said]

    def last(self, trip_id: str) -> LiveEvent | None:
        """What was told of a trip last, for whoever has just come."""
        return self._last.get(trip_id)

    def expire(self, trip_id: str) -> None:
        """Work it out anew at the next look: the trip goes elsewhere now."""
        self._due_at.pop(trip_id, None)

    def forget(self, trip_id: str) -> None:
        """Nobody follows it any more."""
        for known in (self._due_at, self._last):
            known.pop(trip_id, None)
        self._said.discard(trip_id)

    def _told(self, trip_id: str, row: Row[Any] | None, at: datetime) -> LiveEvent:
        self._number += 1
        if row is not None:
            self._said.add(trip_id)
        else:
            self._said.discard(trip_id)
        facts = {"trip_id": trip_id, "calculated_at": _moment(at), **_expected(row, at)}
        event = self._last[trip_id] = LiveEvent(None, trip_id, "eta", self._number, orjson.dumps(facts))
        return event


def _expected(row: Row[Any] | None, at: datetime) -> dict[str, Any]:
    if row is None:
        return dict.fromkeys(("next_place", "arrives_at", "earliest_at", "latest_at", "fix_at", "fix_age_s"))
    found = arrival(row.straight_m, Speed(row.speed_mps, 0.0), row.fix_at, at)
    return {
        "next_place": row.next_place,
        "arrives_at": _moment(found.arrives_at),
        "earliest_at": _moment(found.earliest_at),
        "latest_at": _moment(found.latest_at),
        "fix_at": _moment(row.fix_at),
        "fix_age_s": max(0, round((at - row.fix_at).total_seconds())),
    }


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
