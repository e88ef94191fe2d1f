"""Deliveries that the runtime itself cannot carry out: kept whole on the junk list instead of going round for ever."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.runtime.broker import junk_key
from shared.runtime.process import ProcessRuntime
from shared.runtime.wire import HEADER

NOTHING_DONE: Final = '{"outcomes":{},"messages":[],"errors":{},"waited_s":0,"ran_s":0}'
"""The summary of a delivery of which nothing was carried out."""


def junk_entry(
    name: str, lane: str, task_id: str, args: Sequence[Any], kwargs: Mapping[str, Any], meta: Any, error: str
) -> bytes:
    """The delivery as the relay files it: a dead letter with everything that came."""
    body = json.dumps([list(args), dict(kwargs), {}], default=str)
    envelope = {"headers": {"task": name, "id": task_id, HEADER: meta}, "body": body}
    entry = {"lane": lane, "raw": json.dumps(envelope, default=str), "reason": "unprocessable", "error": error}
    return json.dumps(entry).encode()


async def set_aside(runtime: ProcessRuntime, entry: bytes) -> None:
    """Push an entry to the junk list; raises what the broker raises, and then the delivery goes back to its lane."""
    await runtime.redis.lpush(junk_key(runtime.settings.service), entry)
