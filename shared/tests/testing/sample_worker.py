"""A plain Celery application that says when it is ready and notes when it works, for the tests of WorkerProcess."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_ready
from redis import Redis

app = Celery("sample", broker=os.environ["REDIS_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True, task_default_queue="sample", worker_cancel_long_running_tasks_on_connection_loss=True
)


@worker_ready.connect
def say_ready(**_: object) -> None:
    """As our own workers do."""
    Path(os.environ["HEARTBEAT_FILE"]).touch()


@app.task(name="alerts.note_it")
def note_it() -> None:
    """Leave a mark that a test can see."""
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.set("noted", 1)
