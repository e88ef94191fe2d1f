"""`python -m services.analytics.collector`: hears the events of all workers and keeps what they tell."""

import asyncio
import signal

import uvloop

from services.analytics import monitoring_task_deps
from services.analytics.settings import settings
from shared.runtime.heartbeat import beat
from shared.runtime.logging import configure_logging
from shared.runtime.metrics import serve_metrics


def main() -> None:
    """Collect until SIGTERM or SIGINT."""
    own = settings()
    configure_logging(own, "collector")
    if own.metrics_port:
        serve_metrics(own.metrics_port)

    async def until_signalled() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(monitoring_task_deps.collect(own, stop))
            group.create_task(beat(own, stop))

    uvloop.run(until_signalled())


if __name__ == "__main__":
    main()
