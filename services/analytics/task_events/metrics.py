"""What the collector counts: its own work, and all workers' under the names of celery-exporter and Flower.

The names of celery-exporter are those under which each worker counts itself (`shared.runtime.worker.metrics`), so a dashboard
works with either source. Whoever scrapes both counts twice.
"""

from typing import Any, Final

from prometheus_client import Counter, Gauge, Histogram

from services.analytics.lanes.broker import InBroker
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay.backlog import QUEUE_LENGTH
from shared.runtime.worker import metrics as celery

WRITTEN: Final = Counter("waybill_task_history_written", "Rows of task history that were written.", registry=REGISTRY)
DROPPED: Final = Counter(
    "waybill_task_history_dropped", "Rows of task history that were not written.", ("reason",), registry=REGISTRY
)
UNREADABLE: Final = Counter("waybill_task_events_unreadable", "Events that were not as they should be.", registry=REGISTRY)
WAITING: Final = Gauge("waybill_task_history_waiting", "Rows that wait to be written.", registry=REGISTRY)
HOLDS: Final = Gauge("waybill_task_history_writer", "1 while this collector is the one that writes.", registry=REGISTRY)

EVENTS: Final = Counter("flower_events", "Events by worker, type and task.", ("worker", "type", "task"), registry=REGISTRY)
TASK_RUNTIME: Final = Histogram(
    "flower_task_runtime_seconds",
    "Seconds from begin to end of a delivery.",
    ("worker", "task"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
ONLINE: Final = Gauge("flower_worker_online", "1 while a worker is heard.", ("worker",), registry=REGISTRY)
EXECUTING: Final = Gauge(
    "flower_worker_number_of_currently_executing_tasks", "Deliveries in hand.", ("worker",), registry=REGISTRY
)
PREFETCHED: Final = Gauge(
    "flower_worker_prefetched_tasks", "Always 0: workers take what they can begin.", ("worker", "task"), registry=REGISTRY
)
PREFETCH_TIME: Final = Gauge(
    "flower_task_prefetch_time_seconds", "Always 0, for the same reason.", ("worker", "task"), registry=REGISTRY
)

_REJECTIONS: Final = ("task-failed", "task-rejected", "task-retried", "task-cancelled")
_BY_HOSTNAME: Final[tuple[Counter | Gauge | Histogram, ...]] = (
    celery.RECEIVED, celery.STARTED, celery.SUCCEEDED, celery.FAILED, celery.RETRIED, celery.REJECTED, celery.REVOKED,
    celery.RUNTIME, celery.WAIT, celery.UP, celery.ACTIVE,
)  # fmt: skip
_BY_WORKER: Final[tuple[Counter | Gauge | Histogram, ...]] = (
    EVENTS, TASK_RUNTIME, ONLINE, EXECUTING, PREFETCHED, PREFETCH_TIME,
)  # fmt: skip


def heard(hostname: str, kind: str, event: dict[str, Any]) -> None:
    """Count an event."""
    name = str(event.get("name") or "")[:200]
    EVENTS.labels(hostname, kind, name).inc()
    labels = {"name": name, "hostname": hostname, "queue_name": str(event.get("lane") or "")[:200]}
    if kind == "waybill-batch":
        _count_batch(labels, event)
    elif kind == "waybill-worker":
        _show_worker(hostname, event)
    elif kind == "task-started":
        celery.STARTED.labels(**labels).inc()
    elif kind in _REJECTIONS:
        celery.REJECTED.labels(**labels).inc()
    elif kind == "task-revoked":
        celery.REVOKED.labels(**labels).inc()


def forget(hostname: str) -> None:
    """A worker is gone: its series would stand still for ever."""
    for metric in _BY_HOSTNAME:
        metric.remove_by_labels({"hostname": hostname})
    for metric in _BY_WORKER:
        metric.remove_by_labels({"worker": hostname})


def show_up(hostname: str, *, is_up: bool) -> None:
    """Whether a worker is heard."""
    celery.UP.labels(hostname).set(is_up)
    ONLINE.labels(hostname).set(is_up)


def show_lanes(found: InBroker) -> None:
    """What the broker holds for each lane, and who takes from it."""
    for lane, deliveries in found.deliveries.items():
        QUEUE_LENGTH.labels(lane).set(deliveries)
        celery.WORKERS.labels(lane).set(len(found.workers[lane]))
        celery.CONSUMERS.labels(lane).set(len(found.workers[lane]))
        celery.PROCESSES.labels(lane).set(found.slots[lane])


def _count_batch(labels: dict[str, str], event: dict[str, Any]) -> None:
    counts: dict[str, int] = event["outcomes"]
    celery.RECEIVED.labels(**labels).inc(sum(counts.values()))
    celery.SUCCEEDED.labels(**labels).inc(counts.get("done", 0) + counts.get("dropped", 0))
    celery.RETRIED.labels(**labels).inc(counts.get("retry", 0))
    if counts.get("failed"):
        celery.FAILED.labels(**labels, exception=str(next(iter(event["errors"]), ""))[:100]).inc(counts["failed"])
    celery.RUNTIME.labels(**labels).observe(event["ran_s"])
    celery.WAIT.labels(**labels).observe(event["waited_s"])
    TASK_RUNTIME.labels(labels["hostname"], labels["name"]).observe(event["ran_s"])
    PREFETCHED.labels(labels["hostname"], labels["name"]).set(0)
    PREFETCH_TIME.labels(labels["hostname"], labels["name"]).set(0)


def _show_worker(hostname: str, event: dict[str, Any]) -> None:
    running = len(event["running"])
    celery.ACTIVE.labels(hostname).set(running)
    EXECUTING.labels(hostname).set(running)
