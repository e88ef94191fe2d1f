"""Reading many points of one request: a JSON array, or a line of JSON each (NDJSON)."""

import asyncio
import json
from collections.abc import Sequence
from email.message import Message
from typing import Any, Final

import orjson

from services.trips.positions.errors import BatchUnreadable, TooManyPoints, UnknownBatchType
from services.trips.positions.own_points import read_point, unreadable
from services.trips.positions.point_models import Point, PointUnreadable, Refusal

MAX_POINTS: Final = 100_000
MAX_BYTES: Final = 32_000_000
AT_ONCE: Final = 1000
"""Points that are checked before other requests have their turn: some milliseconds."""
JSON: Final = "application/json"
LINES: Final = ("application/x-ndjson", "application/jsonl")
_NOTHING: Final = object()


async def read_batch(body: bytes, content_type: str) -> list[Point | Refusal]:
    """The points, and what was wrong with those that are none. Raises UnknownBatchType, BatchUnreadable and TooManyPoints."""
    declared = Message()
    declared["Content-Type"] = content_type
    kind = declared.get_content_type()
    if kind == JSON:
        return await _read(_array(body))
    if kind in LINES:
        return await _read([_line(one) for one in _limited(body.splitlines()) if one.strip()])
    raise UnknownBatchType(f"send a JSON array as {JSON}, or a line for each point as {LINES[0]}")


def _array(body: bytes) -> Sequence[Any]:
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError:
        values = _with_nan(body)
    if not isinstance(values, list):
        raise BatchUnreadable('the body must be an array of positions: [{"recorded_at": …, "latitude": …, "longitude": …}]')
    return _limited(values)


def _with_nan(body: bytes) -> Any:
    """NaN and Infinity are no JSON, but Python and others write them. They spoil their point, and not the others."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BatchUnreadable("the body is not JSON") from None


def _line(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NOTHING


def _limited(values: Sequence[Any]) -> Sequence[Any]:
    if len(values) > MAX_POINTS:
        raise TooManyPoints(f"one request takes {MAX_POINTS} positions; make several of it")
    return values


async def _read(values: Sequence[Any]) -> list[Point | Refusal]:
    found: list[Point | Refusal] = []
    for start in range(0, len(values), AT_ONCE):
        if start:
            await asyncio.sleep(0)
        found += [_point(value) for value in values[start : start + AT_ONCE]]
    return found


def _point(value: Any) -> Point | Refusal:
    try:
        if value is _NOTHING:
            raise PointUnreadable("the line is not JSON")
        return read_point(value)
    except PointUnreadable as error:
        return unreadable(None if value is _NOTHING else value, error)
