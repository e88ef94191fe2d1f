"""Plain Celery: what a project without the message path would run."""

import os

from celery import Celery

app = Celery("peer", broker=os.environ.get("BENCH_BROKER_URL", "redis://"), set_as_current=False)
app.conf.task_ignore_result = True
app.conf.task_default_queue = "bench-noop"


@app.task(name="bench.noop")
def noop() -> None:
    """Nothing."""
