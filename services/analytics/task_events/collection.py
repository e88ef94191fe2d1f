"""The collector: hears the workers' events and writes what they tell.

    reader   takes each event from the broker at once, and never waits for the database: a subscriber that is slow is cut off
    writer   writes once a second what has gathered; while the database is away it waits, and the intake drops what is too much

Any number may run; one holds the lease and writes, and the others throw away what they hear until it ends.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Final

import redis.asyncio as redis

from services.analytics.lanes.broker import LanesInBroker
from services.analytics.task_events import metrics
from services.analytics.task_events.intake import Harvest, Intake, stats_by_hour
from services.analytics.task_events.models import Gap
from services.analytics.task_events.repository import CollectorRepository
from services.analytics.task_events.wire import PATTERN, Unreadable, events_of
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.errors import first_line

logger = logging.getLogger(__name__)

WRITE_EVERY_S: Final = 1.0
WRITE_AT: Final = 5_000
"""Rows that are written at once, whenever the last time was."""
LEASE_S: Final = 15.0
AGAIN_S: Final = 1.0
MEASURE_EVERY_S: Final = 5.0
REST_S: Final = 2.0
"""How long the end waits for what the broker has been told before it."""
UP_S: Final = 10.0
"""A worker that was not heard for so long is down: it says something every two seconds."""
FORGET: Final = timedelta(hours=1)
AHEAD: Final = timedelta(days=3)

UnitOfWork = Callable[[], AbstractAsyncContextManager[Session]]


class Collector:
    """One process's. `run` returns when `stop` is set, and what has gathered is written."""

    def __init__(
        self,
        client: "redis.Redis",
        unit_of_work: UnitOfWork,
        intake: Intake,
        clock: Clock,
        *,
        factor: float = 1.0,
        beat: Callable[[], None] | None = None,
    ) -> None:
        """factor: shrinks every timer in tests. beat: called at every turn, to show that the process lives."""
        self._beat = beat
        self._redis = client
        self._in_broker = LanesInBroker(client, clock)
        self._unit_of_work = unit_of_work
        self._intake = intake
        self._clock = clock
        self._factor = factor
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{id(self):x}"
        self._days_made: date | None = None
        self._lost_at: datetime | None = None
        self._gaps: list[Gap] = []
        self._heard: redis.client.PubSub | None = None
        self._has_rest = asyncio.Event()
        self.listens = asyncio.Event()
        """Set while the broker's events reach this process."""
        self.holds = False

    async def run(self, stop: asyncio.Event) -> None:
        """Hear and write until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(self._read()), group.create_task(self._measure_lanes())]
            await self._write_until(stop)
            await self._hear_the_rest()
            for task in beside:
                task.cancel()
        await self._write_once()
        with contextlib.suppress(Exception):
            async with self._unit_of_work() as session:
                await CollectorRepository(session).let_go(self._holder)

    async def _read(self) -> None:
        while True:
            try:
                async with self._subscribed() as heard:
                    while True:
                        message = await heard.get_message(ignore_subscribe_messages=True, timeout=5.0)
                        if message is not None and message["type"] == "pong":
                            self._has_rest.set()
                        elif message is not None:
                            self._take(message["data"])
            except BROKER_ERRORS as error:
                self._lost_at = self._lost_at or self._clock()
                logger.warning("events_not_heard", extra={"error": first_line(error)})
            self.listens.clear()
            await asyncio.sleep(AGAIN_S * self._factor)

    async def _hear_the_rest(self) -> None:
        """All that was published by now: the broker answers a ping on the connection behind it."""
        if self._heard is not None:
            with contextlib.suppress(TimeoutError, *BROKER_ERRORS):
                async with asyncio.timeout(REST_S):
                    await self._heard.ping()
                    await self._has_rest.wait()

    async def _measure_lanes(self) -> None:
        """What scrapers are shown of lanes, so that a scrape asks nobody."""
        while True:
            found = await self._in_broker.look()
            if found is not None:
                metrics.show_lanes(found)
            await asyncio.sleep(MEASURE_EVERY_S * self._factor)

    @asynccontextmanager
    async def _subscribed(self) -> AsyncIterator["redis.client.PubSub"]:
        async with self._redis.pubsub() as heard:
            await heard.psubscribe(PATTERN)
            if self._lost_at is not None:
                self._gaps.append(Gap(self._lost_at, self._clock(), "broker_away"))
                self._lost_at = None
            self._heard = heard
            self.listens.set()
            try:
                yield heard
            finally:
                self._heard = None

    def _take(self, data: bytes) -> None:
        try:
            self._intake.take(events_of(data))
        except Unreadable:
            metrics.UNREADABLE.inc()

    async def _write_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self._beat is not None:
                self._beat()
            await self._write_once()
            metrics.WAITING.set(len(self._intake.harvest.runs))
            # A full second, or less where much comes in.
            for _ in range(10):
                if stop.is_set() or len(self._intake.harvest.runs) >= WRITE_AT:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), WRITE_EVERY_S * self._factor / 10)

    async def _write_once(self) -> None:
        """Write what has gathered. Never raises for what the database does."""
        self._watch_workers()
        taken, gaps, self._gaps = self._intake.empty(), self._gaps, []
        try:
            self.holds = await self._write(taken, gaps)
        except Exception as error:
            self.holds = False
            if is_away(error) or is_conflict(error):
                self._gaps = [*gaps, *self._gaps]
                self._intake.put_back(taken)
                logger.warning("history_not_written", extra={"error": first_line(error), "count": len(taken.runs)})
            else:
                # What the database refuses would be refused for ever, and hold up all that comes after it.
                self._refuse(taken)
                logger.exception("history_refused", extra={"count": len(taken.runs)})
        metrics.HOLDS.set(self.holds)

    async def _write(self, taken: Harvest, gaps: list[Gap]) -> bool:
        now = self._clock()
        async with self._unit_of_work() as session:
            repository = CollectorRepository(session)
            holds, nobody_heard = await repository.hold(self._holder, LEASE_S, now)
            if not holds:
                metrics.DROPPED.labels("standby").inc(len(taken.runs))
                return False
            if self._days_made != now.date():
                await repository.make_days((now - timedelta(days=1)).date(), (now + AHEAD).date())
            if nobody_heard is not None:
                # The one before may have written this, too: a second that is missing is better than one that counts twice.
                metrics.DROPPED.labels("standby").inc(len(taken.runs))
                taken = Harvest(changed=taken.changed)
            await self._put(repository, taken)
            for gap in (*([nobody_heard] if nobody_heard else []), *gaps, *self._overflown(taken, now)):
                await repository.note(gap)
        self._days_made = now.date()
        metrics.WRITTEN.inc(len(taken.runs))
        return True

    async def _put(self, repository: CollectorRepository, taken: Harvest) -> None:
        if taken.runs:
            await repository.copy(taken.runs)
        if taken.stats:
            await repository.add(60, taken.stats)
            await repository.add(3600, stats_by_hour(taken.stats))
        if taken.changed:
            await repository.put_workers(taken.changed.values())

    def _overflown(self, taken: Harvest, now: datetime) -> list[Gap]:
        return [Gap(now - timedelta(seconds=WRITE_EVERY_S), now, "overflow", taken.dropped)] if taken.dropped else []

    def _refuse(self, taken: Harvest) -> None:
        now = self._clock()
        metrics.DROPPED.labels("refused").inc(len(taken.runs))
        self._gaps.append(Gap(now - timedelta(seconds=WRITE_EVERY_S), now, "refused", len(taken.runs)))

    def _watch_workers(self) -> None:
        now = self._clock()
        for name in self._intake.forget(now - FORGET):
            metrics.forget(name)
        for name, worker in self._intake.workers.items():
            is_silent = now - worker.seen_at > timedelta(seconds=UP_S)
            metrics.show_up(name, is_up=not is_silent and worker.stopped_at is None)
