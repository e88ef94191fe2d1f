"""One reader of Redis for all who follow trips in this process, and one look at the database for what nobody has told.

Statuses are the database's: twice a second it is asked which followed trips have another version, and what is new is told to all
processes through Redis, each status once. While Redis is away they are told to this process's followers alone.

Places come from whoever has taken them. One whose process has died before it told, or that came too soon after another, is found
by the same look, and told.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from services.trips.live import metrics
from services.trips.live.arrivals import LiveArrivals
from services.trips.live.channel import KEPT_S, MOST_AT_ONCE, MOST_READ, LiveChannel, Told
from services.trips.live.errors import TooManyStreams
from services.trips.live.events import EventId, LiveEvent, decoded, redis_id
from services.trips.live.subscription import Subscription
from shared.runtime.broker import BROKER_ERRORS

logger = logging.getLogger(__name__)

BLOCK_MS: Final = 1000
LOOK_S: Final = 0.5
AGAIN_S: Final = 0.5
BEHIND_S: Final = 5.0
"""How far behind Redis' clock an id is that says that nothing was told until then; our clock drifts by less."""
READY_TIMEOUT_S: Final = 5.0


class Statuses(Protocol):
    """What the database says of trips."""

    async def versions(self, trip_ids: Collection[str]) -> Mapping[str, int]:
        """The versions that trips have now."""

    async def changes(self, after: Mapping[str, int]) -> Mapping[str, Mapping[int, Told]]:
        """What became of trips after these versions, by trip and version."""

    async def places(self, after: Mapping[str, str | None]) -> Sequence[Told]:
        """The newest places of trips, where they are newer than these moments."""


class Hub:
    """The followed trips of one process. It reads while there is anybody to tell.

    most: how many streams there may be at once; None for any number.
    """

    def __init__(
        self,
        channel: LiveChannel,
        statuses: Statuses,
        arrivals: LiveArrivals,
        time_factor: float = 1.0,
        *,
        most: int | None = None,
    ) -> None:
        self._channel = channel
        self._statuses = statuses
        self._arrivals = arrivals
        self._most, self._streams = most, 0
        self._look_s, self._again_s = LOOK_S * time_factor, AGAIN_S * time_factor
        self._remember_s, self._remember_at = KEPT_S * time_factor, 0.0
        self._followers: dict[str, set[Subscription]] = {}
        self._versions: dict[str, int] = {}
        self._places: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._epoch = ""
        self._position: EventId | None = None
        self._number = 0
        self._heard_at = 0.0
        self._ahead_ms = 0.0

    @contextlib.contextmanager
    def following(self, trip_ids: Collection[str], *, is_public: bool = False) -> Iterator[Subscription]:
        """A subscription that gets what is told of these trips from now on. is_public: nothing that people wrote.

        Raises TooManyStreams.
        """
        if self._most is not None and self._streams >= self._most:
            raise TooManyStreams("this server holds as many streams as it can; come again", headers={"Retry-After": "5"})
        subscription = Subscription(trip_ids, is_public=is_public)
        for trip_id in subscription.trip_ids:
            self._followers.setdefault(trip_id, set()).add(subscription)
            if (expected := self._arrivals.last(trip_id)) is not None:
                subscription.push(expected)
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._read(), name="live-reader"), loop.create_task(self._look(), name="live-look")]
        self._streams += 1
        metrics.FOLLOWERS.inc()
        try:
            yield subscription
        finally:
            self._streams -= 1
            metrics.FOLLOWERS.dec()
            self._leave(subscription)

    async def ready(self) -> bool:
        """Whether Redis is read; without it, after some seconds, followers get a snapshot and statuses all the same."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), READY_TIMEOUT_S)
        return self._ready.is_set()

    async def watch(self, trip_ids: Collection[str]) -> None:
        """See to it that statuses of these trips are told from now on, and those that nobody has looked at until now."""
        unwatched = [trip_id for trip_id in trip_ids if trip_id not in self._versions]
        if not unwatched:
            return
        for trip_id, version in (await self._statuses.versions(unwatched)).items():
            told = version
            with contextlib.suppress(*BROKER_ERRORS):
                told = await self._channel.tell_statuses(trip_id, version, {})
            if trip_id in self._followers:
                self._versions.setdefault(trip_id, min(told, version))
        await self._tell_news()

    def shown(self, event_id: EventId) -> str:
        """The id as clients have it: it names the state of Redis that it belongs to."""
        return f"{self._epoch}.{redis_id(event_id)}"

    def position(self) -> str | None:
        """Until where everything was told; None while Redis is away."""
        if self._position is None or not self._ready.is_set():
            return None
        is_current = time.monotonic() - self._heard_at < 2 * BLOCK_MS / 1000
        quiet_until = (int(self._now_ms() - BEHIND_S * 1000), 0)
        return self.shown(max(self._position, quiet_until) if is_current else self._position)

    async def since(self, subscription: Subscription, shown: str) -> list[LiveEvent] | None:
        """What was told after an id that a follower had; None for one that is not known, or too old."""
        epoch, _, text = shown.partition(".")
        milliseconds, dash, number = text.partition("-")
        if epoch != self._epoch or not self._ready.is_set() or not (dash and milliseconds.isdecimal() and number.isdecimal()):
            return None
        after = (int(milliseconds), int(number))
        if after[0] < self._now_ms() - KEPT_S * 1000 or max(after) >= 2**63:
            return None
        try:
            events = await self._channel.since(sorted(subscription.trip_ids), after)
        except BROKER_ERRORS:
            return None
        if events is not None:
            subscription.resume(after)
        return events

    async def close(self) -> None:
        """Let go of Redis."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _now_ms(self) -> float:
        """By Redis' clock, from which the ids are."""
        return time.monotonic() * 1000 + self._ahead_ms

    def _leave(self, subscription: Subscription) -> None:
        for trip_id in subscription.trip_ids:
            self._followers[trip_id].discard(subscription)
            if not self._followers[trip_id]:
                del self._followers[trip_id]
                self._versions.pop(trip_id, None)
                self._places.pop(trip_id, None)
                self._arrivals.forget(trip_id)
        if not self._followers:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._ready.clear()
            self._position = None

    def _is_over(self) -> bool:
        """Whether the task that asks was let go. Where Redis answers just then, its client loses the cancellation."""
        return asyncio.current_task() not in self._tasks

    async def _read(self) -> None:
        while not self._is_over():
            try:
                await self._connect()
                while not self._is_over():
                    await self._take()
            except BROKER_ERRORS as error:
                logger.warning("live_events_unheard", extra={"error_class": type(error).__name__})
            except Exception:
                # Whoever follows must not be left with nobody who reads for them.
                logger.exception("live_reader_failed")
            if not self._is_over():
                self._ready.clear()
                await asyncio.sleep(self._again_s)

    async def _connect(self) -> None:
        """Go on where it was, or, where Redis may have lost something, from now on."""
        epoch, end = await self._channel.epoch(), await self._channel.end()
        if self._is_over():
            return
        if epoch != self._epoch or self._position is None:
            is_lost = self._position is not None
            self._epoch = epoch
            self._position, self._number, now_ms = end
            self._ahead_ms = now_ms - time.monotonic() * 1000
            if is_lost:
                self._lose("gap")
        self._heard_at = time.monotonic()
        self._ready.set()

    async def _take(self) -> None:
        assert self._position is not None, "it has connected"
        entries = await self._channel.read(self._position, BLOCK_MS)
        for entry in entries:
            has_gap = entry.number != self._number + 1
            epoch = await self._channel.epoch() if has_gap else self._epoch
            if self._is_over():
                # Whoever follows now has another reader, for which what this one has read is a gap.
                return
            if has_gap:
                # Too slow, or Redis has begun anew, and its ids with it.
                self._epoch = epoch
                self._lose("gap")
            self._position, self._number = entry.id, entry.number
            for event in entry.events:
                self._hear(event)
        # Where there is more, it was told before now, and no heartbeat may say an id beyond it.
        self._heard_at = time.monotonic() if len(entries) < MOST_READ else 0.0

    def _hear(self, event: LiveEvent) -> None:
        if event.kind == "position":
            self._know(event.trip_id, str(event.rank))
        elif event.trip_id in self._versions:
            self._versions[event.trip_id] = max(int(event.rank), self._versions[event.trip_id])
        self._push(event)

    def _push(self, event: LiveEvent) -> None:
        metrics.EVENTS.labels(event.kind).inc()
        if event.kind == "status":
            self._arrivals.expire(event.trip_id)
        for subscription in self._followers.get(event.trip_id, ()):
            subscription.push(event)

    def _lose(self, reason: str) -> None:
        for subscription in {one for followers in self._followers.values() for one in followers}:
            subscription.lose(reason)

    async def _look(self) -> None:
        while not self._is_over():
            await asyncio.sleep(self._look_s)
            try:
                await self._tell_news()
                await self._tell_places()
                for expected in await self._arrivals.news(self._followers):
                    self._push(expected)
                await self._remember()
            except (SQLAlchemyError, OSError) as error:
                logger.warning("live_look_unread", extra={"error_class": type(error).__name__})
            except Exception:
                logger.exception("live_look_failed")

    async def _tell_news(self) -> None:
        versions = await self._statuses.versions(list(self._versions))
        behind = {trip_id: self._versions[trip_id] for trip_id, version in versions.items() if version > self._known(trip_id)}
        if not behind:
            return
        for trip_id, told in (await self._statuses.changes(behind)).items():
            await self._tell_statuses(trip_id, behind[trip_id], told)

    async def _remember(self) -> None:
        """See to it that Redis does not forget what was told of trips that are followed for long and stay as they are."""
        if time.monotonic() >= self._remember_at:
            with contextlib.suppress(*BROKER_ERRORS):
                await self._channel.remember(self._versions)
                self._remember_at = time.monotonic() + self._remember_s

    async def _tell_places(self) -> None:
        """Tell the newest places that this process has not heard of. Redis leaves out what another one has told."""
        if not self._ready.is_set():
            return
        places = await self._statuses.places({trip_id: self._places.get(trip_id) for trip_id in self._followers})
        with contextlib.suppress(*BROKER_ERRORS):
            for start in range(0, len(places), MOST_AT_ONCE):
                part = places[start : start + MOST_AT_ONCE]
                for one, wait_s in zip(part, await self._channel.tell(part), strict=True):
                    if not wait_s:
                        self._know(one[0], str(one[2]))

    def _know(self, trip_id: str, moment: str) -> None:
        """A place of this moment was told."""
        if trip_id in self._followers:
            self._places[trip_id] = max(moment, self._places.get(trip_id, moment))

    def _known(self, trip_id: str) -> int:
        # Nobody may follow it any more since the database was asked.
        return self._versions.get(trip_id, 2**63)

    async def _tell_statuses(self, trip_id: str, known: int, told: Mapping[int, Told]) -> None:
        try:
            before = await self._channel.tell_statuses(trip_id, known, told)
        except BROKER_ERRORS as error:
            logger.warning("live_statuses_not_told", extra={"error_class": type(error).__name__})
            self._push_unheard(told, max(told))
            return
        # Where Redis had forgotten, a process that began to watch after the step has said that it was told. Who has heard of it
        # all the same is not told again.
        self._push_unheard(told, before)
        if trip_id in self._versions:
            self._versions[trip_id] = max(before, *told)

    def _push_unheard(self, told: Mapping[int, Told], upto: int) -> None:
        for version, one in sorted(told.items()):
            if version <= upto:
                self._push(decoded(None, _as_sent(one)))


def _as_sent(told: Told) -> Sequence[Any]:
    return list(told)
