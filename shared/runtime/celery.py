"""The one Celery factory. Celery moves message ids to handlers and nothing else: no retries, delays, chains or chords.

Each setting says what breaks without it. Facts in Celery's and kombu's sources are of 5.7.
"""

import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from celery import Celery, signals
from kombu import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from shared.contracts.lanes import lanes_of
from shared.runtime.broker import junk_key
from shared.runtime.logging import configure_logging
from shared.runtime.process import close_process_loop, process_loop, settle_heap
from shared.runtime.settings import ServiceSettings
from shared.runtime.tasks import MessageTask
from shared.runtime.worker import commands  # noqa: F401  # `celery inspect` looks its commands up in the client, too

# An envelope that is no envelope would end the worker or drop its connection; ours sets it aside.
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "shared.runtime.worker.transport:Transport"

SOFT_SHUTDOWN_S: Final = 20
CONTROLLING: Final = frozenset({"inspect", "control", "events", "flower", "status", "purge"})
"""Commands of `celery` that watch or control workers; only the operator's login may."""


class ServiceCelery(Celery):
    """A service's Celery application."""

    def __init__(self, service: str, settings: Callable[[], ServiceSettings]) -> None:
        super().__init__(f"services.{service}", set_as_current=False, task_cls="celery.app.task:Task")
        self.service = service
        self.waybill_settings = settings

    @cached_property
    def Worker(self) -> Any:
        from shared.runtime.worker.program import ServiceWorker

        return self.subclass_with_self(ServiceWorker)


def make_celery(service: str, task_modules: Sequence[str], settings: Callable[[], ServiceSettings]) -> ServiceCelery:
    """The application of `service` with the tasks of the modules listed. Settings are read when a process first needs them."""
    app = ServiceCelery(service, settings)
    app.conf.update(_static(service))
    app.add_defaults(lambda: _connections(settings()))
    modules = [vars(importlib.import_module(module)) for module in task_modules]
    declared = [value for module in modules for value in module.values() if isinstance(value, MessageTask)]

    def register(**_: Any) -> None:
        for value in declared:
            app.register_task(value)

    # Registering finalizes the application, which reads the settings; importing a worker must not.
    app.on_after_finalize.connect(register, weak=False)
    _connect_signals(app)
    return app


def _static(service: str) -> dict[str, Any]:
    return {**_routing(service), **_DELIVERY, **_WORKER}


def _routing(service: str) -> dict[str, Any]:
    direct = Exchange("")
    return {
        # One list per lane; highest rank first, because the 'priority' order below serves them strictly in this order.
        "task_queues": [Queue(lane.name, exchange=direct, routing_key=lane.name, durable=True) for lane in lanes_of(service)],
        "task_default_queue": min(lanes_of(service), key=lambda lane: abs(lane.rank - 5)).name,
        "task_default_exchange": "",
        # A typo in a lane's name is an error at once, and not a list that nobody reads.
        "task_create_missing_queues": False,
    }


_DELIVERY: Final[dict[str, Any]] = {
    "task_serializer": "json",
    "result_serializer": "json",
    "event_serializer": "json",
    # No pickle: whoever may push to a lane could run code here.
    "accept_content": ["json"],
    "task_protocol": 2,
    "timezone": "UTC",
    "enable_utc": True,
    # Results of contracts that answer are stored by the runtime after its commit, under the message id.
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    # Early acknowledgement loses what a killed worker had in hand.
    "task_acks_late": True,
    # With False, Redis drops the message of a failed task for good.
    "task_acks_on_failure": True,
    # A hung child's message comes back at once; the inbox's attempt count bounds the loop.
    "task_acks_on_timeout": False,
    "task_reject_on_worker_lost": True,
    # With prefetching, deliveries wait in a worker's memory, and LLEN, by which windows are kept, drifts.
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    # After a lost connection the delivery is handed out again. True would kill the first copy in the middle of a call;
    # with False both copies run, and the inbox lets only one of them do anything.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
}

_WORKER: Final[dict[str, Any]] = {
    "broker_connection_retry_on_startup": True,
    # The default gives up after 100 tries and ends the worker.
    "broker_connection_max_retries": None,
    # A broker that is full or read-only answers with an error, which would end the worker.
    "broker_channel_error_retry": True,
    "broker_connection_timeout": 4,
    "broker_pool_limit": 10,
    "broker_pool_acquire_timeout": 5,
    "task_publish_retry": False,
    # A soft limit raises inside the loop and leaves the coroutine behind, to finish during a later task.
    "task_soft_time_limit": None,
    "task_compression": None,
    "worker_send_task_events": True,
    "task_send_sent_event": False,
    "task_track_started": False,
    "worker_enable_remote_control": True,
    # With True a worker that has nothing in hand would wait all the same.
    "worker_enable_soft_shutdown_on_idle": False,
    # Guards against leaks. Children are replaced between deliveries.
    "worker_max_tasks_per_child": 20_000,
    "worker_max_memory_per_child": 400_000,
    "worker_proc_alive_timeout": 20,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_consumer": "shared.runtime.worker.consumer:Consumer",
    "worker_pool": "shared.runtime.worker.prefork:TaskPool",
    "beat_scheduler": "shared.runtime.beat:OutboxScheduler",
    "beat_max_loop_interval": 1,
    "result_extended": False,
}


def _connections(settings: ServiceSettings) -> dict[str, Any]:
    """What depends on the environment."""
    operator = settings.broker_operator_url if CONTROLLING.intersection(sys.argv[1:]) else None
    url = operator.get_secret_value() if operator is not None else settings.broker_url
    service = settings.service
    return {
        "broker_url": url,
        "result_backend": url if operator is not None else settings.result_url,
        "worker_concurrency": settings.worker_concurrency,
        # How long the pool waits for the result of a child that is gone; until then its delivery is nowhere.
        "worker_lost_wait": settings.scaled(2),
        # SIGTERM waits for what is in hand, which the hard limits end; SIGQUIT waits this long and then gives it back.
        "worker_soft_shutdown_timeout": settings.scaled(SOFT_SHUTDOWN_S),
        "broker_transport_options": {
            # Own keys per service: whoever restores somebody else's message would need to write to foreign lanes.
            **unacked_keys(service, "all"),
            "visibility_timeout": settings.scaled(2 * max(lane.hard_limit_s for lane in lanes_of(service))),
            # The defaults look for lost messages every 100 s.
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            # Priorities inside a lane are lists that nobody sees.
            "priority_steps": [0],
            "queue_order_strategy": "priority",
            # Without these a publish or pop on a dead socket hangs for ever.
            "socket_timeout": 5,
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 10,
            # True may push twice.
            "retry_on_timeout": False,
            "max_connections": 20,
            "client_name": f"{service}-worker",
            "junk_key": junk_key(service),
        },
    }


def unacked_keys(service: str, group: str) -> dict[str, str]:
    """The keys under which kombu remembers what the workers of one group have in hand."""
    base = f"unacked:{service}:{group}"
    return {"unacked_key": base, "unacked_index_key": f"{base}:index", "unacked_mutex_key": f"{base}:mutex"}


def _connect_signals(app: ServiceCelery) -> None:
    """Logging, and one loop and engine per child. The receivers serve every application of the process once."""

    def set_up_logging(**_: Any) -> None:
        settings = app.waybill_settings()
        configure_logging(settings, "worker")
        if settings.log_level != "DEBUG":
            # Two lines per delivery would cost more than the delivery; events and metrics tell the same.
            for name in ("celery.worker.strategy", "celery.app.trace"):
                logging.getLogger(name).setLevel(logging.WARNING)

    def start_child(**_: Any) -> None:
        process_loop(app.waybill_settings())
        settle_heap()

    def end_child(**_: Any) -> None:
        close_process_loop()

    signals.setup_logging.connect(set_up_logging, weak=False, dispatch_uid=f"{app.service}-logging")
    signals.worker_process_init.connect(start_child, weak=False, dispatch_uid="child-start")
    signals.worker_process_shutdown.connect(end_child, weak=False, dispatch_uid="child-end")
