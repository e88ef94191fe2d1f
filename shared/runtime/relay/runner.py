"""The relay's loops, and the process around them."""

import asyncio
import contextlib
import importlib
import logging
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import orjson
import redis.asyncio as redis
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from shared.runtime import broker, schedule
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database, driver_url
from shared.runtime.errors import first_line
from shared.runtime.heartbeat import beat
from shared.runtime.logging import configure_logging
from shared.runtime.metrics import serve_metrics
from shared.runtime.relay import backlog, claims, janitor, junk
from shared.runtime.relay.archives import measure_archives
from shared.runtime.relay.capacity import measure_capacity
from shared.runtime.relay.providers import measure_providers
from shared.runtime.relay.receipts import ReceiptTaker
from shared.runtime.relay.sender import Sender
from shared.runtime.settings import ServiceSettings
from shared.runtime.worker.sizing import pools_key

logger = logging.getLogger(__name__)

POLL_S: Final = 1.0
FIRST_WAIT_S: Final = 0.005
MEASURE_SHARE: Final = 20
EXPECTED: Final = (*broker.BROKER_ERRORS, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Database or broker away: waited for, not died of."""

# The queue tables swing between empty and full, so the planner's statistics lie; the relay's few
# statements always want their index.
PLANNER: Final = {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}


Measure = Callable[[Database, Clock], Awaitable[None]]
"""Sets metrics to what the database says."""


class Relay:
    """All that one service's relay does. `run` returns when `stop` is set."""

    def __init__(
        self,
        settings: ServiceSettings,
        pool: "asyncpg.Pool[Any]",
        database: Database,
        client: "redis.Redis",
        clock: Clock = system_clock,
        *,
        entries: Sequence[schedule.Entry] | None = None,
    ) -> None:
        """entries: what it fires; None for all that the service has scheduled."""
        self._settings = settings
        self._pool = pool
        self._database = database
        self._redis = client
        self._clock = clock
        self._entries: Sequence[schedule.Entry] = _entries_of(settings.service) if entries is None else entries
        self._measures = _measures_of(settings.service)
        self._receipts = ReceiptTaker(pool, client, settings.service)
        self.sender = Sender(pool, client, settings.service, scale=settings.time_factor)
        self._watched_epoch: str | None = None
        self._looks_left = 0
        self._told_pools: tuple[str | None, dict[str, int]] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Carry messages until `stop` is set."""
        scaled = self._settings.scaled
        loops: tuple[Coroutine[Any, Any, None], ...] = (
            self._send(stop),
            self._listen(stop),
            self._forever(stop, self._take_receipts),
            self._every(stop, scaled(0.5), self._send_due_inbox),
            self._every(stop, scaled(0.5), self._watch_epoch),
            self._every(stop, scaled(5), self._republish),
            self._every(stop, scaled(1), self._fire_schedule),
            self._every(stop, scaled(1), self._file_junk),
            self._every(stop, scaled(5), self._measure),
            self._every(stop, scaled(600), self._clean),
        )
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(loop)

    async def _send(self, stop: asyncio.Event) -> None:
        pending, wait_s = self.sender.pending, FIRST_WAIT_S
        while not stop.is_set():
            pending.clear()
            try:
                sent, reopens_s = await self.sender.send_outbox()
            except Exception as error:  # noqa: BLE001  # _failed tells what is expected from what is a bug
                self._failed("send", error)
                await _pause(stop, self._settings.scaled(1))
                continue
            if sent:
                wait_s = FIRST_WAIT_S
            if reopens_s == 0:
                continue
            # A full lane is looked at again soon, and less and less often while nothing moves; a receipt or a hint wakes at once.
            wait_s = min(wait_s * 2, 0.2) if not sent else wait_s
            wait = POLL_S if reopens_s == float("inf") else max(reopens_s, wait_s if not sent else reopens_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(pending.wait(), wait)

    async def _listen(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as hints:
                    await hints.subscribe(broker.hint_channel(self._settings.service))
                    while not stop.is_set():
                        if await hints.get_message(timeout=1.0) is not None:
                            self.sender.pending.set()
            except broker.BROKER_ERRORS:
                await _pause(stop, self._settings.scaled(1))

    async def _take_receipts(self) -> None:
        if await self._receipts.take():
            self.sender.pending.set()

    async def _send_due_inbox(self) -> None:
        async with self._pool.acquire() as connection:
            self.sender.paused = await claims.paused_lanes(connection)
            self.sender.allowances.set(await claims.lane_limits(connection))
            pools = await claims.lane_pools(connection)
        await self._tell_pools(pools)
        more = True
        while more:
            more = bool(await self.sender.send_inbox())

    async def _tell_pools(self, pools: dict[str, int]) -> None:
        """Tell this service's workers how many children they have; a broker that has lost its data is told anew."""
        told = (self.sender.epoch, pools)
        if told != self._told_pools:
            await self._redis.set(pools_key(self._settings.service), orjson.dumps(pools))
            self._told_pools = told

    async def _watch_epoch(self) -> None:
        epoch = await broker.current_epoch(self._redis)
        if epoch != self._watched_epoch:
            self._watched_epoch = self.sender.epoch = epoch
            # Twice: what was being sent during the first look is marked with the old epoch only after it.
            self._looks_left = 2
        if not self._looks_left:
            return
        async with self._pool.acquire() as connection, connection.transaction():
            reset = await claims.reset_old_epochs(connection, epoch)
        self._looks_left -= 1
        if reset:
            logger.warning("broker_epoch_changed", extra={"service": self._settings.service, "resent": reset})
            self.sender.pending.set()

    async def _republish(self) -> None:
        async with self._pool.acquire() as connection:
            reset = await claims.reset_unconfirmed(connection)
        if reset:
            logger.warning("messages_unconfirmed", extra={"service": self._settings.service, "resent": reset})
            self.sender.pending.set()

    async def _fire_schedule(self) -> None:
        if await schedule.fire(self._database, self._entries, self._clock):
            self.sender.pending.set()

    async def _file_junk(self) -> None:
        await junk.file(self._database, self._redis, self._settings)

    async def _measure(self) -> None:
        started = time.monotonic()
        await backlog.measure(self._database, self._redis, self._settings.service)
        await measure_providers(self._redis, self._settings.service)
        await measure_capacity(self._database, self._redis, self._settings.service)
        await measure_archives(self._database, self._settings.service)
        for measure in self._measures:
            await measure(self._database, self._clock)
        # Counting a long backlog takes long, and must not be what keeps it long.
        await asyncio.sleep(MEASURE_SHARE * (time.monotonic() - started))

    async def _clean(self) -> None:
        await janitor.clean(self._database, self._clock)

    async def _forever(self, stop: asyncio.Event, step: Callable[[], Awaitable[None]]) -> None:
        await self._every(stop, 0, step)

    async def _every(self, stop: asyncio.Event, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while not stop.is_set():
            try:
                await step()
                await _pause(stop, seconds)
            except Exception as error:  # noqa: BLE001  # as above
                self._failed(step.__name__.strip("_"), error)
                await _pause(stop, max(seconds, self._settings.scaled(1)))

    def _failed(self, step: str, error: Exception) -> None:
        """What is away is waited for. Anything else is a bug of one step, and must not end the others."""
        what = {"error": first_line(error), "step": step, "service": self._settings.service}
        if isinstance(error, EXPECTED):
            logger.warning("relay_step_failed", extra=what)
        else:
            logger.error("relay_step_broken", extra=what, exc_info=error)


async def _keep(_: object) -> None:
    """Connections go back as they are: the relay's statements leave nothing behind that a reset would undo."""


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


@asynccontextmanager
async def open_relay(settings: ServiceSettings, *, entries: Sequence[schedule.Entry] | None = None) -> AsyncIterator[Relay]:
    """A relay with connections of its own. Without a database it waits for one, as for everything else."""
    name, url = f"{settings.service}-relay", settings.database_url.get_secret_value()
    database = Database(url, name=name, pool_size=2, settings={"max_parallel_workers_per_gather": "0"})
    client = broker.connect(settings.broker_url, name=name)
    # No connection is made before the first is asked for, so that a database that is away does not stop the start.
    pool = await asyncpg.create_pool(
        driver_url(url),
        reset=_keep,
        min_size=0,
        max_size=3,
        timeout=5,
        command_timeout=30,
        server_settings={"application_name": name, **PLANNER},
    )
    try:
        yield Relay(settings, pool, database, client, entries=entries)
    finally:
        pool.terminate()
        await client.aclose()
        await database.close()


def _entries_of(service: str) -> Sequence[schedule.Entry]:
    entries: tuple[schedule.Entry, ...] = importlib.import_module(f"services.{service}.schedules").ENTRIES
    return entries


def _measures_of(service: str) -> Sequence[Measure]:
    """What a service's own `relay.py` names as MEASURES, which its API's relay carries out as well."""
    found: Sequence[Measure] = getattr(importlib.import_module(f"services.{service}.relay"), "MEASURES", ())
    return found


async def run(settings: ServiceSettings, stop: asyncio.Event, *, entries: Sequence[schedule.Entry] | None = None) -> None:
    """Run a relay until `stop` is set, in a process of its own or inside the API's. entries: as `Relay` has them."""
    async with open_relay(settings, entries=entries) as relay:
        await relay.run(stop)


def main(settings: ServiceSettings, *, entries: Sequence[schedule.Entry] | None = None) -> None:
    """`python -m services.<name>.relay`. entries: as `Relay` has them."""
    configure_logging(settings, "relay")
    if settings.metrics_port:
        serve_metrics(settings.metrics_port)

    async def until_signalled() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(run(settings, stop, entries=entries))
            group.create_task(beat(settings, stop))

    uvloop.run(until_signalled())
