"""Asking how tasks and queues are, taking tasks back, and setting how fast a queue goes."""

from typing import Any
from uuid import UUID

from shared.client.connection import Connection


class TaskManager:
    """Everything raises WaybillError where the API says no."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_task_status(self, task_id: UUID | str) -> dict[str, Any]:
        """One task's story: its deliveries, and what each service says of it. Needs `analytics:read`."""
        found: dict[str, Any] = self._connection.get(f"/tasks/{UUID(str(task_id))}")
        return found

    def get_queue_status(self, queue: str | None = None) -> list[dict[str, Any]]:
        """What waits in each lane, or in one. ValueError where there is no such lane. Needs `analytics:read`."""
        items: list[dict[str, Any]] = self._connection.get("/queues")["items"]
        if queue is None:
            return items
        if not (found := [one for one in items if one["lane"] == queue]):
            raise ValueError(f"there is no lane called {queue}; the lanes are {', '.join(one['lane'] for one in items)}")
        return found

    def cancel_task(self, task_id: UUID | str, reason: str = "asked for by a script") -> dict[str, Any]:
        """Take back a task that waits; `parts` holds what undoes it. What is done is refused (409). Needs `analytics:admin`."""
        return self._control("cancel", reason, message_id=str(UUID(str(task_id))))

    def set_rate_limit(self, queue: str, per_s: float | None, reason: str = "asked for by a script") -> dict[str, Any]:
        """Have each service send so many messages a second to a lane at most; None for no limit. Needs `analytics:admin`.

        `is_complete` is false where a service was away; ask again then.
        """
        return self._control("rate_limit", reason, lane=queue, per_s=per_s)

    def set_pool_size(self, queue: str, size: int | None, reason: str = "asked for by a script") -> dict[str, Any]:
        """Have each worker of a lane run so many children; None for as many as each was started with. Needs `analytics:admin`."""
        return self._control("pool_size", reason, lane=queue, size=size)

    def _control(self, action: str, reason: str, **what: Any) -> dict[str, Any]:
        done: dict[str, Any] = self._connection.post("/tasks/control", {"action": action, "reason": reason, **what})
        return done
