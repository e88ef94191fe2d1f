"""Reading the events of one request: a JSON array, or a line of JSON each (NDJSON)."""

import asyncio
from collections.abc import Sequence
from email.message import Message
from typing import Any, Final

import orjson

from services.analytics.events.errors import BatchUnreadable, UnknownBatchType
from services.analytics.events.event_models import NewEvent, Refusal
from services.analytics.events.reading import read_event

MAX_BYTES: Final = 500 * 1024
"""Segment's limit of one batch."""
AT_ONCE: Final = 1000
"""Events that are read before other requests have their turn: some milliseconds."""
JSON: Final = "application/json"
LINES: Final = ("application/x-ndjson", "application/jsonl")


async def read_batch(body: bytes, content_type: str) -> list[NewEvent | Refusal]:
    """The events, and what was wrong with those that are none. Raises UnknownBatchType and BatchUnreadable."""
    declared = Message()
    declared["Content-Type"] = content_type
    kind = declared.get_content_type()
    if kind == JSON:
        return await _read_values(_array(body))
    if kind in LINES:
        return await _read_lines([one for one in body.splitlines() if one.strip()])
    raise UnknownBatchType(f"send a JSON array as {JSON}, or a line for each event as {LINES[0]}")


def _array(body: bytes) -> Sequence[Any]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BatchUnreadable("the body is not JSON") from None
    if not isinstance(values, list):
        raise BatchUnreadable('the body must be an array of events: [{"id": …, "name": …, "occurred_at": …}]')
    return values


async def _read_values(values: Sequence[Any]) -> list[NewEvent | Refusal]:
    found: list[NewEvent | Refusal] = []
    for start in range(0, len(values), AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += [read_event(value) for value in values[start : start + AT_ONCE]]
    return found


async def _read_lines(lines: Sequence[bytes]) -> list[NewEvent | Refusal]:
    found: list[NewEvent | Refusal] = []
    for start in range(0, len(lines), AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += [_line(line) for line in lines[start : start + AT_ONCE]]
    return found


def _line(line: bytes) -> NewEvent | Refusal:
    # What is no text at all is kept as near to it as a text can be.
    text = line.decode("utf-8", "backslashreplace").replace("\x00", "\\u0000")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return Refusal("invalid", "the line is not JSON", text)
    return read_event(value, text)
