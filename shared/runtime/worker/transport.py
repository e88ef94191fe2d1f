"""kombu's Redis transport, which survives what is no envelope.

In kombu an entry that is not JSON raises out of the event loop and ends the worker, and one without `properties`
looks like a lost connection. Here both go to the service's junk list, whole, and the worker goes on.
"""

import base64
import json
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from kombu.transport import redis
from kombu.utils.json import loads

from shared.contracts.lanes import LANES

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    # kombu's stubs leave out what a transport is made of.
    BaseChannel: TypeAlias = Any
    BaseTransport: TypeAlias = Any
else:
    BaseChannel, BaseTransport = redis.Channel, redis.Transport


class Unreadable(ValueError):
    """A text that is no envelope's JSON, whatever the reason; `text` is all of it."""

    def __init__(self, text: str) -> None:
        super().__init__("the envelope is not JSON")
        self.text = text


def _loads(text: str) -> Any:
    try:
        return loads(text)
    except Exception as error:  # nesting and numbers without end, and kombu's own types, have errors of all kinds
        raise Unreadable(text) from error


redis.loads = _loads  # type: ignore[attr-defined]  # the stubs leave out what the module imports


def problem_of(envelope: Any) -> str | None:
    """Why kombu could not carry the envelope to a task; None when it can."""
    if not isinstance(envelope, dict):
        return "the envelope is not a JSON object"
    properties = envelope.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("delivery_tag"), str):
        return "the envelope has no properties with a delivery_tag"
    if not isinstance(properties.get("delivery_info"), dict):
        return "the envelope has no delivery_info"
    headers = envelope.get("headers", {})
    if not isinstance(headers, dict):
        return "the envelope's headers are not a JSON object"
    if headers.get("compression"):
        return "the body is compressed, and a small one can unpack to any size"
    if not isinstance(envelope.get("body"), str):
        return "the envelope has no body"
    return _problem_of_encoding(envelope["body"], properties.get("body_encoding"))


def _problem_of_encoding(body: str, encoding: Any) -> str | None:
    if encoding in (None, "utf-8"):
        return None
    if encoding != "base64":
        return "the body_encoding is neither base64 nor utf-8"
    try:
        base64.b64decode(body)
    except ValueError:
        return "the body is not the base64 that it says it is"
    return None


class Channel(BaseChannel):
    """Catches entries that are not JSON between the pop and the delivery."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except Unreadable as error:
            self.set_aside(None, error.text, str(error))
            return True

    def set_aside(self, lane: str | None, raw: str, error: str) -> None:
        """Push an entry to the junk list, from where the relay files it as a dead letter."""
        key = self.connection.client.transport_options["junk_key"]
        logger.error("envelope_set_aside", extra={"lane": lane, "error": error})
        with self.conn_or_acquire() as client:
            client.lpush(key, json.dumps({"lane": lane, "raw": raw, "reason": "bad_envelope", "error": error}))


class Transport(BaseTransport):
    """Registered in place of kombu's own for redis and rediss."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        problem = problem_of(message) if queue in LANES else None
        if problem is None:
            if queue in LANES:
                # Where it was found, and not what a stranger wrote into it, is where it goes when it has to go back.
                message["properties"]["delivery_info"] |= {"exchange": "", "routing_key": queue}
            super()._deliver(message, queue)
            return
        channel = next(channel for channel in self.channels if channel)
        channel.set_aside(queue, json.dumps(message), problem)
