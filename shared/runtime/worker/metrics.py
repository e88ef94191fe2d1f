"""What is counted of messages and workers, under the names that community dashboards for Celery expect.

A worker counts its own. The analytics service's collector counts all workers' from their events, for those who scrape one place.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from shared.runtime.metrics import REGISTRY

_LABELS: Final = ("name", "hostname", "queue_name")
_RUNTIME_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_WAIT_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800)


def _counter(what: str, meaning: str, *labels: str) -> Counter:
    return Counter(f"celery_task_{what}", meaning, (*_LABELS, *labels), registry=REGISTRY)


RECEIVED: Final = _counter("received", "Messages that a worker took from its lane.")
STARTED: Final = _counter("started", "Deliveries that a child has begun.")
SUCCEEDED: Final = _counter("succeeded", "Messages done, or dropped as pointless.")
FAILED: Final = _counter("failed", "Messages that became dead letters.", "exception")
RETRIED: Final = _counter("retried", "Messages that wait for another try.")
REJECTED: Final = _counter("rejected", "Deliveries given back: the child was lost or hung, or the database was away.")
REVOKED: Final = _counter("revoked", "Deliveries revoked by control.")
RUNTIME: Final = Histogram(
    "celery_task_runtime", "Seconds from begin to end of a delivery.", _LABELS, buckets=_RUNTIME_BUCKETS, registry=REGISTRY
)
WAIT: Final = Histogram(
    "celery_task_queue_wait_time",
    "Seconds from the moment at which its oldest message was due to its delivery.",
    _LABELS,
    buckets=_WAIT_BUCKETS,
    registry=REGISTRY,
)

UP: Final = Gauge("celery_worker_up", "1 while the worker reaches the broker.", ("hostname",), registry=REGISTRY)
ACTIVE: Final = Gauge("celery_worker_tasks_active", "Deliveries that children have in hand.", ("hostname",), registry=REGISTRY)
WORKERS: Final = Gauge("celery_active_worker_count", "Workers that take from the lane.", ("queue_name",), registry=REGISTRY)
CONSUMERS: Final = Gauge("celery_active_consumer_count", "The same, by RabbitMQ's word.", ("queue_name",), registry=REGISTRY)
PROCESSES: Final = Gauge("celery_active_process_count", "Children that work for the lane.", ("queue_name",), registry=REGISTRY)
