"""What the worker's main process does on a timer: register its slots, show that it lives, and end itself when it is stuck."""

import contextlib
import logging
import os
import signal
import time
from typing import Any, Final

import psutil
from celery import bootsteps
from celery.worker import heartbeat
from celery.worker.consumer import heart

from shared.runtime.broker import slots_key
from shared.runtime.metrics import serve_metrics
from shared.runtime.worker.disks import Disks
from shared.runtime.worker.metrics import ACTIVE, CONSUMERS, PROCESSES, UP, WORKERS
from shared.runtime.worker.progress import PROGRESS
from shared.runtime.worker.sizing import Sizing, pools_key

logger = logging.getLogger(__name__)

EVENT: Final = "waybill-worker"
BEAT_S: Final = 2.0
SLOTS_LIVE_S: Final = 10.0
REPLACE_EVERY_S: Final = 0.5
STUCK_S: Final = 60.0
STUCK_AT_LEAST_S: Final = 10.0
"""However much a test shrinks timers, a slow machine is not a stuck worker."""
_serving: set[int] = set()


class Beats(heartbeat.Heart):
    """The events by which monitors know that a worker lives.

    Celery's own are published again and again until the broker is back, in the loop that does everything else: a worker that is
    told to end meanwhile does not, and is killed when its grace is over. Here what cannot be published waits with other events.
    """

    def _send(self, event: str, retry: bool = False) -> Any:
        return super()._send(event, retry=False)  # type: ignore[misc]  # the stubs leave it out


class Heart(heart.Heart):
    """Celery's step of that name, with beats that wait for nobody."""

    heartbeat_interval: float | None

    def start(self, c: Any) -> None:
        c.heart = Beats(c.timer, c.event_dispatcher, self.heartbeat_interval)
        c.heart.start()


class Presence(bootsteps.StartStopStep):
    """Registers slots per lane, touches the heartbeat file, and watches progress.

    A worker whose lanes hold deliveries while its pool is idle for a minute has lost its way (a connection that
    is dead without knowing it); it exits, and whoever supervises it starts it again.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **_: Any) -> None:
        self._app = consumer.app
        self._settings = self._app.waybill_settings()
        self._timers: list[Any] = []
        self._client: Any = None
        self._disks = Disks(self._settings.kept_folders)
        self._sizing = Sizing()

    def start(self, consumer: Any) -> None:
        PROGRESS.clear()
        if self._settings.metrics_port and self._settings.metrics_port not in _serving:
            serve_metrics(self._settings.metrics_port)
            _serving.add(self._settings.metrics_port)
        self._client = consumer.connection.default_channel.client
        self._beat(consumer)
        self._timers = [
            consumer.timer.call_repeatedly(self._settings.scaled(BEAT_S), self._beat, (consumer,)),
            # Celery looks when a child's pipe closes, which is just before the child can be reaped, and then only every 5 s.
            consumer.timer.call_repeatedly(REPLACE_EVERY_S, consumer.pool.maintain_pool),
        ]

    def stop(self, consumer: Any) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        UP.labels(consumer.hostname).set(0)

    def _beat(self, consumer: Any) -> None:
        lanes = list(self._app.amqp.queues.consume_from)
        try:
            waiting, pools = self._register(lanes, consumer.pool.num_processes, consumer.hostname)
        except Exception as error:  # noqa: BLE001  # whatever the broker does, Celery's own connection handling deals with it
            logger.debug("slots_not_registered", extra={"error": str(error)})
            UP.labels(consumer.hostname).set(0)
            return
        self._sizing.apply(consumer, lanes, pools)
        self._show(lanes, consumer.pool.num_processes, consumer.hostname)
        self._tell(consumer, lanes, waiting)
        if self._settings.heartbeat_file is not None:
            self._settings.heartbeat_file.touch()
        stuck_s = max(STUCK_AT_LEAST_S, self._settings.scaled(STUCK_S))
        if waiting and PROGRESS.stalled_s() > stuck_s:
            logger.critical("worker_stuck", extra={"waiting": waiting, "seconds": round(PROGRESS.stalled_s(), 1)})
            os.kill(os.getpid(), signal.SIGKILL)
        if not waiting:
            PROGRESS.moved_at = time.monotonic()

    def _show(self, lanes: list[str], processes: int, hostname: str) -> None:
        """The gauges that community dashboards expect; a scraper sums them over workers."""
        UP.labels(hostname).set(1)
        ACTIVE.labels(hostname).set(len(PROGRESS.running))
        for gauge in (WORKERS, CONSUMERS, PROCESSES):
            gauge.clear()
        for lane in lanes:
            WORKERS.labels(lane).set(1)
            CONSUMERS.labels(lane).set(1)
            PROCESSES.labels(lane).set(processes)

    def _tell(self, consumer: Any, lanes: list[str], waiting: int) -> None:
        """One event, from which the analytics service knows what this worker does; a heartbeat says only that it lives."""
        dispatcher = consumer.event_dispatcher
        if not (dispatcher and dispatcher.enabled):
            return
        dispatcher.send(
            EVENT,
            service=self._app.service,
            lanes=lanes,
            slots=consumer.pool.num_processes,
            running=PROGRESS.in_hand(),
            stalled_s=round(PROGRESS.stalled_s(), 1),
            waiting=waiting,
            rss_bytes=_resident_bytes(consumer.pool),
            disks=self._disks.look(),
        )

    def _register(self, lanes: list[str], slots: int, hostname: str) -> tuple[int, bytes | None]:
        now = time.time()
        with self._client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.zadd(slots_key(lane), {f"{hostname}={slots}": now + SLOTS_LIVE_S})
                pipe.zremrangebyscore(slots_key(lane), "-inf", now)
                pipe.llen(lane)
            pipe.get(pools_key(self._app.service))
            *found, pools = pipe.execute()
            return sum(found[2::3]), pools


def _resident_bytes(pool: Any) -> int:
    """Of this process and the pool's children. What they share counts in each."""
    children = [child.pid for child in getattr(getattr(pool, "_pool", None), "_pool", ())]
    total = 0
    for pid in (os.getpid(), *children):
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(pid).memory_info().rss
    return total


CONSUMER_STEPS: Final = (Presence,)
