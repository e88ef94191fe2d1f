"""What the worker's main process does on a timer: register its slots, show that it lives, and end itself when it is stuck."""

import logging
import os
import signal
import time
from typing import Any, Final

from celery import bootsteps
from prometheus_client import Gauge

from shared.runtime.broker import slots_key
from shared.runtime.metrics import REGISTRY, serve_metrics
from shared.runtime.worker.progress import PROGRESS

logger = logging.getLogger(__name__)

BEAT_S: Final = 2.0
SLOTS_LIVE_S: Final = 10.0
REPLACE_EVERY_S: Final = 0.5
STUCK_S: Final = 60.0
STUCK_AT_LEAST_S: Final = 10.0
"""However much a test shrinks timers, a slow machine is not a stuck worker."""
_serving: set[int] = set()

_UP: Final = Gauge("celery_worker_up", "1 while the worker reaches the broker.", ("hostname",), registry=REGISTRY)
_ACTIVE: Final = Gauge("celery_worker_tasks_active", "Deliveries that children have in hand.", ("hostname",), registry=REGISTRY)
_WORKERS: Final = Gauge("celery_active_worker_count", "Workers that take from the lane.", ("queue_name",), registry=REGISTRY)
_CONSUMERS: Final = Gauge("celery_active_consumer_count", "The same, by RabbitMQ's word.", ("queue_name",), registry=REGISTRY)
_PROCESSES: Final = Gauge("celery_active_process_count", "Children that work for the lane.", ("queue_name",), registry=REGISTRY)


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

    def start(self, consumer: Any) -> None:
        PROGRESS.moved_at = time.monotonic()
        PROGRESS.running.clear()
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
        _UP.labels(consumer.hostname).set(0)

    def _beat(self, consumer: Any) -> None:
        lanes = list(self._app.amqp.queues.consume_from)
        try:
            waiting = self._register(lanes, consumer.pool.num_processes, consumer.hostname)
        except Exception as error:  # noqa: BLE001  # whatever the broker does, Celery's own connection handling deals with it
            logger.debug("slots_not_registered", extra={"error": str(error)})
            _UP.labels(consumer.hostname).set(0)
            return
        self._show(lanes, consumer.pool.num_processes, consumer.hostname)
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
        _UP.labels(hostname).set(1)
        _ACTIVE.labels(hostname).set(len(PROGRESS.running))
        for gauge in (_WORKERS, _CONSUMERS, _PROCESSES):
            gauge.clear()
        for lane in lanes:
            _WORKERS.labels(lane).set(1)
            _CONSUMERS.labels(lane).set(1)
            _PROCESSES.labels(lane).set(processes)

    def _register(self, lanes: list[str], slots: int, hostname: str) -> int:
        now = time.time()
        with self._client.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.zadd(slots_key(lane), {f"{hostname}={slots}": now + SLOTS_LIVE_S})
                pipe.zremrangebyscore(slots_key(lane), "-inf", now)
                pipe.llen(lane)
            return sum(pipe.execute()[2::3])


CONSUMER_STEPS: Final = (Presence,)
