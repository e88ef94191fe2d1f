"""Counts what became of messages, in the worker's main process.

A child returns a summary of each delivery (`inbox.consume.as_json`). Here it becomes metrics under the names that
community dashboards for Celery expect, and one event per delivery for the analytics service.
"""

import logging
from typing import Any, Final

import orjson
from celery.worker.request import Request

from shared.runtime.worker.metrics import FAILED, RECEIVED, REJECTED, RETRIED, REVOKED, RUNTIME, STARTED, SUCCEEDED, WAIT
from shared.runtime.worker.progress import PROGRESS

logger = logging.getLogger(__name__)

EVENT: Final = "waybill-batch"


class MeteredRequest(Request):
    """Celery calls `send_event` in the main process for every turn of a delivery's life, whatever the pool."""

    def send_event(self, type: str, **fields: Any) -> None:
        """Count the event, and replace a success's result by the words that tell what became of its messages.

        Celery's own turns name the lane as well, and those that lose a delivery its task, which nobody may have heard of before.
        """
        if type == "task-started":
            labels = self._labels()
            PROGRESS.begin(self.id, self.name, labels["queue_name"])
            STARTED.labels(**labels).inc()
        elif type in ("task-succeeded", "task-failed", "task-retried", "task-rejected", "task-revoked", "task-cancelled"):
            PROGRESS.end(self.id)
        if type == "task-succeeded":
            fields["result"] = self._count(fields.get("result"))
        elif type in ("task-failed", "task-rejected", "task-retried", "task-cancelled"):
            REJECTED.labels(**self._labels()).inc()
        elif type == "task-revoked":
            REVOKED.labels(**self._labels()).inc()
        super().send_event(type, **{"name": self.name, "lane": self._labels()["queue_name"], **fields})

    @property
    def time_limits(self) -> tuple[float | None, float | None]:
        """None of a delivery's own: the lane's holds. A plain client's would kill child after child, uncounted."""
        return None, None

    @time_limits.setter
    def time_limits(self, asked: Any) -> None:
        """Celery sets what the envelope asks for."""

    @property
    def argsrepr(self) -> str:
        """Nothing: arguments may be personal, and a plain Celery client writes them into its headers."""
        return "()"

    @property
    def kwargsrepr(self) -> str:
        """Nothing, as well."""
        return "{…}"

    def info(self, safe: bool = False) -> dict[str, Any]:  # type: ignore[override]  # the stubs' type is private
        """What `inspect active` and logs tell of a delivery, without its arguments."""
        return {**super().info(safe=safe), "args": self.argsrepr, "kwargs": self.kwargsrepr}

    def _labels(self) -> dict[str, str]:
        return {
            "name": self.name,
            "hostname": self.hostname or "",
            "queue_name": (self.delivery_info or {}).get("routing_key") or "",
        }

    def _count(self, result: Any) -> str:
        try:
            # Celery hands over the result's repr: the JSON in quotes.
            summary = orjson.loads(result[1:-1])
            counts: dict[str, int] = summary["outcomes"]
        except (orjson.JSONDecodeError, TypeError, KeyError):
            return str(result)[:200]
        labels = self._labels()
        RECEIVED.labels(**labels).inc(sum(counts.values()))
        SUCCEEDED.labels(**labels).inc(counts.get("done", 0) + counts.get("dropped", 0))
        RETRIED.labels(**labels).inc(counts.get("retry", 0))
        if counts.get("failed"):
            FAILED.labels(**labels, exception=next(iter(summary["errors"]), "")).inc(counts["failed"])
        RUNTIME.labels(**labels).observe(summary["ran_s"])
        WAIT.labels(**labels).observe(summary["waited_s"])
        if self.eventer and self.eventer.enabled:
            self.eventer.send(EVENT, uuid=self.id, name=self.name, lane=labels["queue_name"], **summary)
        return " ".join(f"{outcome}={count}" for outcome, count in counts.items())
