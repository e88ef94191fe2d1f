"""Sending tasks by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.client.connection import Connection


class TaskScheduler:
    """Everything raises WaybillError where the API says no."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def schedule_task(
        self,
        task_name: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | None = None,
        due_at: datetime | None = None,
        lane: str | None = None,
        reason: str = "asked for by a script",
        key: str | None = None,
    ) -> dict[str, Any]:
        """Send one message of any contract, which is validated; the answer names its `message_id`. Needs `analytics:admin`.

        args, kwargs: its fields, in the contract's order or by name; JSON values.
        countdown, due_at: seconds from now, or a moment with its time zone; now where neither is given.
        key: two calls under the same key send one message.
        """
        if due_at is not None and due_at.tzinfo is None:
            raise ValueError("due_at has no time zone; give it one, such as tzinfo=UTC")
        body = {
            "task_name": task_name,
            "args": list(args),
            "kwargs": dict(kwargs or {}),
            "countdown": countdown,
            "due_at": due_at.isoformat() if due_at else None,
            "lane": lane,
            "reason": reason,
        }
        sent: dict[str, Any] = self._connection.post("/tasks/schedule", body, key)
        return sent
