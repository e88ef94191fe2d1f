"""The worker program: refuses to start half equipped, names itself, and keeps its own record of what is in hand."""

import os
import socket
from typing import Any

from celery.apps.worker import Worker
from celery.utils.text import str_to_list

from shared.contracts.lanes import LANES
from shared.contracts.registry import consumed_by
from shared.runtime.metrics import PORT_UNUSABLE
from shared.runtime.tasks import MessageTask
from shared.runtime.worker import steps
from shared.runtime.worker.ending import Ending
from shared.runtime.worker.progress import PROGRESS

SUPPORTED_POOLS = ("shared.runtime.worker.prefork", "celery.concurrency.solo")
"""The modules of the pools: children of our own, and none at all."""


class WorkerRefused(SystemExit):
    """A worker that could not do its work does not start; the message says why."""


class ServiceWorker(Worker):
    """`celery -A services.<name>.worker worker`."""

    def __init__(self, app: Any = None, hostname: str | None = None, **options: Any) -> None:
        app = app or self.app
        name, _, host = (hostname or "celery@").partition("@")
        # Five services on one host would otherwise share one node name and answer each other's control messages.
        hostname = f"{app.service if name == 'celery' else name}@{host or os.uname().nodename}"
        app.steps["consumer"].update(steps.CONSUMER_STEPS)
        # Neither is used, and both talk to every worker of every service.
        options = {**options, "without_mingle": True, "without_gossip": True}
        super().__init__(app, hostname=hostname, **options)

    def setup_queues(self, include: Any, exclude: Any = None) -> None:
        """Select the lanes; what their workers have in hand is kept under keys of this group of lanes."""
        from shared.runtime.celery import unacked_keys

        app = self.app
        everything = [queue.name for queue in app.conf.task_queues]
        foreign = sorted({*(str_to_list(include) or ()), *(str_to_list(exclude) or ())}.difference(everything))
        if foreign:
            raise WorkerRefused(f"{app.service} does not own {', '.join(foreign)}; its lanes are {', '.join(everything)}")
        super().setup_queues(include, exclude)
        mine = set(app.amqp.queues.consume_from)
        if not mine:
            raise WorkerRefused(f"{app.service}: all lanes are excluded, so there is nothing to do; leave out --exclude-queues")
        group = "all" if mine == set(everything) else "+".join(sorted(lane.partition(".")[2] for lane in mine))
        scaled = app.waybill_settings().scaled
        limit_s = max(LANES[lane].hard_limit_s for lane in mine)
        app.conf.broker_transport_options = {
            **app.conf.broker_transport_options,
            **unacked_keys(app.service, group),
            "visibility_timeout": scaled(2 * limit_s),
        }
        self._equip()

    def on_before_init(self, quiet: bool = False, **options: Any) -> None:
        pool = options.get("pool")
        if pool is not None and pool.__module__ not in SUPPORTED_POOLS:
            raise WorkerRefused("only the pools prefork and solo can keep one event loop per process; leave out --pool")
        if options.get("soft_time_limit"):
            raise WorkerRefused("a soft time limit would leave the message's coroutine behind; leave out --soft-time-limit")
        self._look_around()
        super().on_before_init(quiet=quiet, **options)

    def _process_task(self, req: Any) -> None:
        """Hand a delivery to the pool. One that cannot be handed over must not keep its slot."""
        worker: Any = self
        PROGRESS.take(req.id, req.name, (req.delivery_info or {}).get("routing_key") or "")
        try:
            super()._process_task(req)  # type: ignore[misc]  # the stubs leave it out
        except Exception as error:
            PROGRESS.end(req.id)
            if worker.semaphore is not None:
                worker.semaphore.release()
            if isinstance(error, worker.consumer.connection_errors):
                raise
            worker.consumer.set_aside(req.message, error)

    def _look_around(self) -> None:
        """What Celery would take for a lost broker later, and try again for ever."""
        settings = self.app.waybill_settings()
        heartbeat = settings.heartbeat_file
        if heartbeat is not None and not os.access(heartbeat.parent, os.W_OK):
            raise WorkerRefused(f"HEARTBEAT_FILE is {heartbeat}, and its folder is not there or cannot be written to; make it")
        if settings.metrics_port:
            try:
                socket.create_server(("", settings.metrics_port)).close()
            except OSError:
                raise WorkerRefused(PORT_UNUSABLE.format(settings.metrics_port)) from None

    def install_platform_tweaks(self, worker: Any) -> None:
        """Celery's signal handlers, and in the place of some our own."""
        super().install_platform_tweaks(worker)
        Ending(worker, self.app.conf.worker_soft_shutdown_timeout).install()

    def _equip(self) -> None:
        app = self.app
        for name in [name for name in app.tasks if name.startswith("celery.")]:
            # Celery's own `map`, `starmap` and `chunks` call handlers past the inbox; as unknown names they are filed.
            del app.tasks[name]
        missing = sorted(set(consumed_by(app.service)) - set(app.tasks))
        if missing:
            raise WorkerRefused(
                f"{app.service} has no handler for {', '.join(missing)}: list the module in services/{app.service}/worker.py"
            )
        for task in app.tasks.values():
            if isinstance(task, MessageTask):
                task.time_limit = app.waybill_settings().scaled(
                    max(lane.hard_limit_s for lane in task.message_type.contract.lanes if lane.owner == app.service)
                )
                task.Request = "shared.runtime.worker.request:MeteredRequest"
