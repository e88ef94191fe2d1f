"""Waybill's task system for scripts and notebooks: asking, cancelling and scheduling, over the analytics service's API.

    from shared.client import task_manager, task_scheduler

    sent = task_scheduler.schedule_task("notifications.send_email", kwargs={...}, countdown=60)
    task_manager.get_task_status(sent["message_id"])

Both use the API at WAYBILL_URL with the token in WAYBILL_TOKEN; `TaskManager(Connection(url, token))` uses another one. Services
publish in their unit of work instead (`shared.runtime.outbox.publish`): what they send belongs to their own change.
"""

from shared.client.connection import Connection, WaybillError
from shared.client.task_manager import TaskManager
from shared.client.task_scheduler import TaskScheduler

__all__ = ["Connection", "TaskManager", "TaskScheduler", "WaybillError", "task_manager", "task_scheduler"]

_connection = Connection()
task_manager = TaskManager(_connection)
task_scheduler = TaskScheduler(_connection)
