"""How a service says which function carries out which message.

    @task(SendSomething)                   light, one message: async def handle(session, received) -> answer | None
    @task_many(SomethingHappened)          light, a batch:     async def handle(session, received_sequence) -> None
    @effect(SendEmail)                     outside calls:      def build(runtime) -> Effect

What comes back is a Celery task object. Its `delay` and `apply_async` insert an outbox row through a short
connection of their own, for shells and scripts; services publish inside their unit of work instead.
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import celery
from celery.exceptions import Reject
from celery.result import AsyncResult

from shared.contracts.lanes import LANES
from shared.contracts.message import Message
from shared.runtime.clock import system_clock
from shared.runtime.context import traced
from shared.runtime.db import Database, Session
from shared.runtime.errors import first_line
from shared.runtime.ids import message_uuid
from shared.runtime.inbox.answers import answered
from shared.runtime.inbox.aside import NOTHING_DONE, junk_entry, set_aside
from shared.runtime.inbox.consume import DatabaseAway, OutOfTime, as_json, consume
from shared.runtime.inbox.delivery import Received, parse
from shared.runtime.inbox.handlers import Effect, EffectHandler, Handler, LightHandler
from shared.runtime.outbox import publish
from shared.runtime.process import ProcessRuntime, process_loop
from shared.runtime.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.runtime.celery import ServiceCelery

    _CeleryTask = celery.Task[Any, Any]
else:
    _CeleryTask = celery.Task

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)
AWAY_WAIT_S: Final = 2.0


def task(message_type: type[M]) -> Callable[[Callable[[Session, Received[M]], Awaitable[Any]]], "MessageTask"]:
    """Declare a light handler of single messages."""

    def declare(function: Callable[[Session, Received[M]], Awaitable[Any]]) -> MessageTask:
        async def handle(session: Session, received: Sequence[Received[M]]) -> Sequence[Any]:
            results = []
            for one in received:
                # What a message causes carries its own correlation id, and not that of its batch's first.
                with traced(one.trace.child()):
                    results.append(await function(session, one))
            return results

        return _declare(LightHandler(message_type, handle), function)

    return declare


def task_many(message_type: type[M]) -> Callable[[Callable[[Session, Sequence[Received[M]]], Awaitable[None]]], "MessageTask"]:
    """Declare a light handler that gets a whole batch. What it publishes runs under the trace of the batch's first message,
    unless it wraps its own work in `traced(one.trace.child())`."""

    def declare(function: Callable[[Session, Sequence[Received[M]]], Awaitable[None]]) -> MessageTask:
        return _declare(LightHandler(message_type, function), function)

    return declare


def effect(message_type: type[M]) -> Callable[[Callable[[ProcessRuntime], Effect[M, Any]]], "MessageTask"]:
    """Declare an effect handler by the function that builds it inside the worker process."""

    def declare(build: Callable[[ProcessRuntime], Effect[M, Any]]) -> MessageTask:
        return _declare(EffectHandler(message_type, build), build)

    return declare


def _declare(handler: Handler, function: Callable[..., Any]) -> "MessageTask":
    contract = handler.message_type.contract
    members = {
        "name": contract.name,
        "handler": handler,
        "function": staticmethod(function),
        "__doc__": function.__doc__,
        "__module__": function.__module__,
    }
    declared: MessageTask = type(function.__name__, (MessageTask,), members)()
    return declared


class MessageTask(_CeleryTask):
    """The Celery task of one contract. `function` is what the service wrote; tests call it directly."""

    abstract = True
    resultrepr_maxsize = 128 * 1024
    """The summary of a full batch must reach the main process whole; Celery cuts at 1 KB."""
    handler: Handler
    function: Callable[..., Any]

    @property
    def message_type(self) -> type[Message]:
        """The contract's model."""
        return self.handler.message_type

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Carry out what a broker message brought. Returns the summary as JSON, for events and metrics; eagerly, the answer."""
        request = self.request
        if request.id is None:
            raise TypeError(f"{self.name} has no id when it is called like a function; use .apply(), or .function in a test")
        info = request.delivery_info or {}
        lane = info.get("routing_key") or self.message_type.contract.lanes[0].name
        redelivered = bool(info.get("redelivered"))
        loop = process_loop(self._settings())
        try:
            fields = self._fields(args, kwargs)
            delivery = parse(self.message_type, lane, str(request.id), fields, request.get("waybill"), redelivered=redelivered)
            summary = loop.run(consume(loop.runtime, self.handler, delivery))
            return loop.run(answered(loop.runtime, delivery.items[0].id)) if request.is_eager else as_json(summary)
        except Exception as error:
            if request.is_eager:
                raise
            if not isinstance(error, DatabaseAway | OutOfTime):
                logger.exception("delivery_failed", extra={"task": self.name, "lane": lane})
                if redelivered or isinstance(error, TypeError):
                    entry = junk_entry(self.name, lane, str(request.id), args, kwargs, request.get("waybill"), first_line(error))
                    loop.run(set_aside(loop.runtime, entry))
                    return NOTHING_DONE
            # Back to the lane, unhurriedly: the message is nowhere else yet, and acknowledging it would lose it.
            time.sleep(self._settings().scaled(AWAY_WAIT_S))
            raise Reject(error, requeue=True) from error

    def apply_async(  # type: ignore[override]  # a message takes less than a Celery task, and says so
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        queue: str | None = None,
        **options: Any,
    ) -> Any:
        """Insert an outbox row; `countdown` (seconds) and `eta` become its due time, `queue` picks one of the contract's lanes.

        Raises RuntimeError inside a running event loop: there, publish in the unit of work of the change.
        """
        if self._get_app().conf.task_always_eager:
            return self.apply(tuple(args or ()), dict(kwargs or {}), task_id=task_id)
        unknown = sorted(set(options) - {"expires"} | ({"expires"} if options.get("expires") else set()))
        if unknown:
            raise TypeError(
                f"{self.name}: apply_async does not take {', '.join(unknown)}; a message has countdown, eta, queue and task_id"
            )
        message = self.message_type.model_validate(self._fields(args or (), kwargs or {}))
        due_at = self._due_at(countdown, eta)
        if queue is not None and queue not in LANES:
            raise ValueError(
                f"{self.name}: there is no lane {queue}; it travels on {', '.join(map(str, message.contract.lanes))}"
            )
        return AsyncResult(str(self._publish(message, queue, due_at, task_id)), app=self._get_app())

    def _due_at(self, countdown: float | None, eta: datetime | None) -> datetime | None:
        if countdown is None:
            return eta
        if eta is not None:
            raise TypeError(f"{self.name}: countdown and eta say the same thing; give one of them")
        try:
            return system_clock() + timedelta(seconds=countdown)
        except OverflowError:
            raise ValueError(f"{self.name}: a countdown of {countdown:g} s leads beyond the calendar") from None

    def _publish(self, message: Message, queue: str | None, due_at: datetime | None, task_id: str | None) -> UUID:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            raise RuntimeError(
                f"{self.name} was called inside an event loop: use publish(session, …) in the unit of work of the change instead"
            )
        lane = LANES[queue] if queue is not None else None
        message_id = message_uuid(task_id) if task_id else None

        async def insert() -> UUID:
            database = Database(self._settings().database_url.get_secret_value(), name="script", pool_size=1)
            try:
                async with database.unit_of_work() as session:
                    return publish(session, message, lane=lane, due_at=due_at, message_id=message_id)
            finally:
                await database.close()

        return asyncio.run(insert())

    def _fields(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        names = list(self.message_type.model_fields)
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes at most {len(names)} arguments ({', '.join(names)}), {len(args)} were given")
        return {**dict(zip(names, args, strict=False)), **kwargs}

    def _settings(self) -> ServiceSettings:
        return self._get_app().waybill_settings()

    @classmethod
    def _get_app(cls) -> "ServiceCelery":
        """The service's application; a script that imports only `tasks.py` gets it, too."""
        bound: Any = vars(cls).get("_app")
        if bound is None:
            bound = importlib.import_module(f"services.{cls.__module__.split('.')[1]}.worker").app
            bound.finalize()
        application: ServiceCelery = bound
        return application
