"""Telling where vehicles are: the newest place of each trip, at most twice a second.

What cannot be told waits, and only the newest of it: once Redis is back, each trip's last place is told. It waits in memory; what
is lost there, the processes that have followers find in the database.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.trips.live.channel import BETWEEN_S, MOST_AT_ONCE, LiveChannel, Told
from services.trips.positions.point_models import Point
from services.trips.positions.writing_repository import Moved
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.failpoints import failpoint

logger = logging.getLogger(__name__)

GATHER_S: Final = 0.02
AGAIN_S: Final = 1.0
MOST_REMEMBERED: Final = 10_000


def place_of(trip_id: UUID, moved: Moved, point: Point) -> Told:
    """What is told of a vehicle that drives a trip: no more than a map needs."""
    return str(trip_id), "position", moved.recorded_at.isoformat(), place_facts(str(trip_id), point)


def place_facts(trip_id: str, point: Any) -> dict[str, Any]:
    """A place as JSON values, from whatever has it."""
    return {
        "trip_id": trip_id,
        "recorded_at": point.recorded_at.isoformat().replace("+00:00", "Z"),
        "latitude": point.latitude,
        "longitude": point.longitude,
        "speed_mps": _rounded(point.speed_mps),
        "heading_deg": _rounded(point.heading_deg),
        "accuracy_m": _rounded(point.accuracy_m),
    }


def _rounded(value: float | None) -> float | None:
    """What was kept with four bytes, or will be, says the same."""
    return None if value is None else round(value, 2)


def places_of(moved: Sequence[tuple[Moved, Point]]) -> list[Told]:
    """The places of those vehicles that drive a trip."""
    return [place_of(one.trip_id, one, point) for one, point in moved if one.trip_id is not None]


class LivePlaces:
    """The places of one process that are to be told. Belongs to one event loop."""

    def __init__(self, channel: LiveChannel, time_factor: float = 1.0) -> None:
        self._channel = channel
        self._between_s = BETWEEN_S * time_factor
        self._again_s = AGAIN_S * time_factor
        self._waiting: dict[str, Told] = {}
        self._not_before: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def show(self, moved: Sequence[tuple[Moved, Point]]) -> None:
        """Take newest places, which are committed, without waiting for anybody."""
        for told in places_of(moved):
            before = self._waiting.get(told[0])
            if before is None or str(before[2]) < str(told[2]):
                self._waiting[told[0]] = told
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run(), name="live-places")

    async def close(self) -> None:
        """Tell what waits, once."""
        if self._task is not None:
            self._task.cancel()
        if self._waiting:
            await self._told(dict(self._waiting))

    async def _run(self) -> None:
        while self._waiting:
            await asyncio.sleep(GATHER_S)
            now = asyncio.get_running_loop().time()
            due = {trip: told for trip, told in self._waiting.items() if self._not_before.get(trip, 0.0) <= now}
            if due and not await self._told(due):
                await asyncio.sleep(self._again_s)
            if len(self._not_before) > MOST_REMEMBERED:
                self._forget()

    async def _told(self, due: Mapping[str, Told]) -> bool:
        failpoint("live.before_tell")
        trips = list(due)
        try:
            for start in range(0, len(trips), MOST_AT_ONCE):
                part = trips[start : start + MOST_AT_ONCE]
                self._done(part, due, await self._channel.tell([due[trip] for trip in part]))
        except BROKER_ERRORS as error:
            logger.warning("live_places_not_told", extra={"error_class": type(error).__name__, "trips": len(trips)})
            return False
        return True

    def _done(self, trips: Sequence[str], due: Mapping[str, Told], waits: Sequence[float]) -> None:
        """waits: for how many seconds it is too early for each, because another process has told of its trip."""
        now = asyncio.get_running_loop().time()
        for trip, wait_s in zip(trips, waits, strict=True):
            self._not_before[trip] = now + (wait_s or self._between_s)
            if not wait_s and self._waiting.get(trip) is due[trip]:
                del self._waiting[trip]

    def _forget(self) -> None:
        """What may be told again is not remembered."""
        now = asyncio.get_running_loop().time()
        self._not_before = {trip: until for trip, until in self._not_before.items() if until > now}
