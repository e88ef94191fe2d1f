"""Celery's consumer, which keeps what never reaches a task.

Celery logs and drops messages with an unknown name or an undecodable body; here they go to the service's junk
list, and the relay files them: unknown names are parked first, for the consumer's new version may be on its way.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

import orjson
from celery.worker import consumer

from shared.contracts.lanes import lanes_of
from shared.runtime.broker import junk_key
from shared.runtime.clock import system_clock
from shared.runtime.errors import first_line
from shared.runtime.wire import HEADER

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    # Celery's stubs leave out what a consumer is made of.
    BaseConsumer: TypeAlias = Any
    BaseBlueprint: TypeAlias = Any
else:
    BaseConsumer = consumer.Consumer
    BaseBlueprint = consumer.Consumer.Blueprint

_REPLACED: Final = {"celery.worker.consumer.heart:Heart": "shared.runtime.worker.steps:Heart"}
"""Steps of Celery's in whose place are our own."""


def problem_of(message: Any) -> str | None:
    """Why Celery could not make a task of a message that names one; None when it can. Its own errors would end the worker."""
    headers = message.headers
    # What a relay wrote is JSON. Decoding a full batch as Celery does would cost the main process milliseconds each time.
    from_relay = headers.get("origin") == HEADER and HEADER in headers
    payload = orjson.loads(message.body) if from_relay else message.payload
    if "task" not in headers:
        # Protocol 1, which other languages' clients still speak: all is in the body.
        headers, payload = payload, [payload.get("args", []), payload.get("kwargs", {}), {}]
    for name in ("task", "id"):
        if not isinstance(headers.get(name), str):
            return f"{name} is not text"
    if not all(isinstance(headers.get(name), str | None) for name in ("shadow", "root_id", "parent_id", "eta", "expires")):
        return "shadow, root_id, parent_id, eta and expires must be text"
    limits = headers.get("timelimit") or [None, None]
    if not isinstance(limits, list) or len(limits) != 2 or not all(isinstance(limit, int | float | None) for limit in limits):
        return "timelimit is not a pair of numbers"
    if problem := _problem_of_marks(headers):
        return problem
    args, kwargs, embed = payload
    if not (isinstance(args, list) and isinstance(kwargs, dict) and isinstance(embed, dict | None)):
        return "the body is not a list of arguments, an object of named ones and an object of options"
    if following := [name for name in ("callbacks", "errbacks", "chain", "chord") if (embed or {}).get(name)]:
        return f"follow-ups ({', '.join(following)}) are not carried out; publish the next message when the first is done"
    return None


def _problem_of_marks(headers: dict[str, Any]) -> str | None:
    """Celery looks at stamps when it has taken a slot already, and remembers the id of what has expired as revoked."""
    stamped = headers.get("stamped_headers")
    if stamped is not None and not (isinstance(stamped, list) and all(isinstance(name, str) for name in stamped)):
        return "stamped_headers is not a list of texts"
    if not isinstance(headers.get("stamps"), dict | None):
        return "stamps is not an object"
    if (expires := headers.get("expires")) is None:
        return None
    try:
        moment = datetime.fromisoformat(expires)
    except ValueError:
        return "expires is not a time"
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return f"it expired at {expires}" if moment < system_clock() else None


class Consumer(BaseConsumer):
    """Overrides the four ends at which Celery gives up on a message, and those at which it gives up on itself."""

    class Blueprint(BaseBlueprint):
        """Celery's steps, some of them our own."""

        default_steps: ClassVar = [_REPLACED.get(step, step) for step in BaseBlueprint.default_steps]

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], Any]:
        handle = super().create_task_handler(*args, **options)

        def on_message(message: Any) -> Any:
            try:
                problem = problem_of(message)
            except Exception as error:  # noqa: BLE001  # bodies have errors of all kinds, and none may end the worker
                return self.on_decode_error(message, error)
            if problem is not None:
                return self._set_aside(message, "bad_envelope", problem)
            try:
                return handle(message)
            except self.connection_errors + self.channel_errors:
                raise
            except Exception as error:  # noqa: BLE001  # as above
                return self.set_aside(message, error)

        return on_message

    def set_aside(self, message: Any, error: Exception) -> None:
        """File what Celery gave up on while it handed it to a child."""
        logger.error("delivery_not_taken", exc_info=error)
        self._set_aside(message, "bad_envelope", f"Celery cannot take it: {first_line(error)}")

    def add_task_queue(self, queue: str, *args: Any, **options: Any) -> None:
        """Begin to take from a lane of the own service; a foreign one is refused by the broker at every turn."""
        if queue not in {lane.name for lane in lanes_of(self.app.service)}:
            logger.error("lane_refused", extra={"lane": queue})
            return
        super().add_task_queue(queue, *args, **options)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._set_aside(message, "unknown_task", f"no handler for {exc}")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        self._set_aside(message, "bad_envelope", "the headers name no task")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._set_aside(message, "bad_body", f"the task cannot be read: {exc}")

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._set_aside(message, "bad_body", f"the body cannot be decoded: {first_line(exc)}")

    def _set_aside(self, message: Any, reason: str, error: str) -> None:
        lane = (message.delivery_info or {}).get("routing_key")
        raw = json.dumps(message._raw, default=str)
        entry = {"lane": lane, "raw": raw, "reason": reason, "error": error[:500]}
        logger.error("message_set_aside", extra={"lane": lane, "reason": reason, "task": (message.headers or {}).get("task")})
        # Set aside first and acknowledge then: dying in between repeats the entry, and filing it twice is harmless.
        with self.app.pool.acquire(block=True, timeout=5) as connection:
            connection.default_channel.client.lpush(junk_key(self.app.service), json.dumps(entry))
        message.ack_log_error(logger, self.connection_errors)
