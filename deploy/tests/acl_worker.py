"""A plain Celery worker of the alerts service, set up as the factory does, for the access list's test.

ACL_BROKER is the URL of the service's own user.
"""

import os

from celery import Celery
from kombu import Exchange, Queue

app = Celery("alerts", broker=os.environ["ACL_BROKER"], backend=os.environ["ACL_BROKER"])
app.conf.update(
    task_queues=[Queue(lane, Exchange(""), routing_key=lane) for lane in ("alerts.default", "alerts.evaluation")],
    task_create_missing_queues=False,
    task_default_queue="alerts.default",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    task_send_sent_event=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "priority_steps": [0],
        "unacked_key": "unacked:alerts:main",
        "unacked_index_key": "unacked:alerts:main:index",
        "unacked_mutex_key": "unacked:alerts:main:mutex",
        "visibility_timeout": 2,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "queue_order_strategy": "priority",
        "health_check_interval": 10,
    },
)


@app.task(name="alerts.add")
def add(left: int, right: int) -> int:
    return left + right
