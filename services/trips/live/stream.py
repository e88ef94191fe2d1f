"""Following trips: how they stand, then everything that becomes of them, and on from where a follower was cut off."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.trips.live import metrics
from services.trips.live.hub import Hub
from services.trips.live.statuses import TripStatuses
from services.trips.live.subscription import Subscription
from shared.runtime.clock import Clock
from shared.runtime.errors import Forbidden, Unauthenticated, Unavailable
from shared.runtime.http.event_frames import event_frame, heartbeat_frame

HEARTBEAT_S: Final = 15.0
LONGEST_S: Final = 3600.0
"""How long a stream lasts. Its follower comes again with the last id, and is recognised anew."""
LONGEST_SHARED_S: Final = 60.0
"""After that a link is looked at anew: it may have been revoked."""
RETRY: Final = b"retry: 2000\n\n"


Check = Callable[[], Awaitable[None]]
"""Raises Unauthenticated or Forbidden where the right to follow was revoked, and Unavailable where nobody can tell."""


class LiveStream:
    """The streams of one process."""

    def __init__(self, hub: Hub, statuses: TripStatuses, clock: Clock, time_factor: float = 1.0) -> None:
        self._hub = hub
        self._statuses = statuses
        self._clock = clock
        self._heartbeat_s = HEARTBEAT_S * time_factor
        self._time_factor = time_factor
        self._longest_s = LONGEST_S * time_factor
        self._is_public = False

    def for_anybody(self) -> "LiveStream":
        """The same for who has no token: without what people wrote, and a minute at a time."""
        stream = LiveStream(self._hub, self._statuses, self._clock, self._time_factor)
        stream._longest_s, stream._is_public = LONGEST_SHARED_S * self._time_factor, True
        return stream

    async def are_visible(self, trip_ids: Sequence[str], organization_id: UUID | None) -> bool:
        """Whether there are all of these trips, and all are this organization's."""
        return await self._statuses.are_visible(trip_ids, organization_id)

    async def frames(
        self,
        trip_ids: Sequence[str],
        after: str | None,
        until: datetime | None,
        farewell: str = "expired",
        check: Check | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """What is sent to one follower. after: the id of the last event that it had. until: when its right to follow ends.

        Raises TooManyStreams before anything else.
        """
        ends_at, check_at = time.monotonic() + self._longest_s, time.monotonic() + self._heartbeat_s
        with self._hub.following(trip_ids, is_public=self._is_public) as subscription:
            yield RETRY
            await self._hub.ready()
            await self._hub.watch(trip_ids)
            yield await self._opening(subscription, after)
            while (left_s := ends_at - time.monotonic()) > 0:
                if check is not None and check_at <= time.monotonic():
                    check_at = time.monotonic() + self._heartbeat_s
                    if (refusal := await _refusal(check)) is not None:
                        metrics.CUT_OFF.labels("revoked").inc()
                        yield event_frame("expired", refusal)
                        return
                if until is not None and (left_s := min(left_s, (until - self._clock()).total_seconds())) <= 0:
                    metrics.CUT_OFF.labels(farewell).inc()
                    yield event_frame(farewell, _why(farewell))
                    return
                yield await self._next(subscription, min(left_s, self._heartbeat_s))
            metrics.CUT_OFF.labels("too_long").inc()

    async def _opening(self, subscription: Subscription, after: str | None) -> bytes:
        """What was missed, where that is known; else how the trips stand."""
        if after is None:
            return await self._snapshot(subscription)
        missed = await self._hub.since(subscription, after)
        if missed is None:
            return await self._anew(subscription, "unknown_id")
        return subscription.frames(missed, self._hub.shown) or heartbeat_frame(after)

    async def _next(self, subscription: Subscription, timeout_s: float) -> bytes:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(subscription.woken.wait(), timeout_s)
        if (reason := subscription.lost()) is not None:
            return await self._anew(subscription, reason)
        is_woken = subscription.woken.is_set()
        # The position is asked for before what waits is taken: what comes between is told with the next.
        position = None if is_woken else self._hub.position()
        return subscription.take(self._hub.shown) or heartbeat_frame(position)

    async def _anew(self, subscription: Subscription, reason: str) -> bytes:
        metrics.RESETS.labels(reason).inc()
        snapshot = await self._snapshot(subscription)
        return event_frame("reset", orjson.dumps({"reason": reason})) + snapshot

    async def _snapshot(self, subscription: Subscription) -> bytes:
        # What is told while the database is asked waits in the subscription, and is beyond this id.
        position = self._hub.position()
        snapshot = await self._statuses.snapshot(sorted(subscription.trip_ids))
        subscription.begin(snapshot.told)
        trips = [_for_anybody(trip) for trip in snapshot.trips] if self._is_public else snapshot.trips
        return event_frame("snapshot", orjson.dumps({"trips": trips}), position)


async def _refusal(check: Check) -> bytes | None:
    try:
        await check()
    except (Unauthenticated, Forbidden) as error:
        return orjson.dumps({"detail": error.detail})
    except Unavailable:
        # While the database is away streams stay open.
        return None
    return None


def _for_anybody(trip: dict[str, Any]) -> dict[str, Any]:
    return {name: trip[name] for name in ("trip_id", "status", "version", "at", "position")}


def _why(farewell: str) -> bytes:
    said = {
        "expired": "the token has expired; ask for a new one and come again with the last id",
        "ended": "the trip is over, and so is this link",
    }
    return orjson.dumps({"detail": said[farewell]})
