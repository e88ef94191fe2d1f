"""Deliveries that are none, as anybody who may push to a lane can make them."""

import json
from collections.abc import Iterator
from typing import Any, Final

from shared.runtime.wire import HEADER

LANE: Final = "analytics.normal"
RAW: Final = (b"not json", b"[" * 50_000, b"1" * 5000, b"[1]", b"{}", b"\xff\xfe", b'{"__type__": "decimal", "__value__": "x"}')


def plain(number: int, **changes: Any) -> dict[str, Any]:
    """An envelope as a plain Celery client writes it."""
    message_id = f"plain-{number}"
    return {
        "body": json.dumps([[], {"number": number}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "analytics.record_probe", "id": message_id, "retries": 0},
        "properties": {
            "correlation_id": message_id,
            "delivery_info": {"exchange": "", "routing_key": LANE},
            "delivery_tag": message_id,
        },
    } | changes


def refused() -> Iterator[bytes]:
    """Each of these becomes one dead letter."""
    yield from RAW
    for header in (
        {"task": [1]},
        {"id": None},
        {"id": 5},
        {"eta": 5},
        {"expires": [1]},
        {"timelimit": "x"},
        {"stamped_headers": 5},
        {"stamped_headers": [[1]]},
        {"stamps": "x"},
        {"expires": "soon"},
        {"expires": "2020-01-01T00:00:00+00:00"},
        {"compression": "bzip2"},
    ):
        envelope = plain(1)
        envelope["headers"] |= header
        yield json.dumps(envelope).encode()
    forged = {"origin": HEADER, HEADER: {"source": "trips"}}
    for changes, body in (({}, "just text"), ({"id": None}, None), ({"timelimit": "abc"}, None), ({}, "[[], {}]")):
        envelope = plain(1, **({"body": body} if body is not None else {}))
        envelope["headers"] |= {**forged, **changes}
        yield json.dumps(envelope).encode()
    following = {"callbacks": [{"task": "analytics.record_probe"}]}
    yield json.dumps(plain(1, body=json.dumps([[], {"number": 1}, following]))).encode()
    for body in ("not json", "5", "[1]", "[[], [], {}]", "[[], {}, 5]", "[" * 50_000, '{"args": [], "kwargs": {}}'):
        yield json.dumps(plain(1, body=body)).encode()
    yield json.dumps(plain(1, **{"content-type": "application/x-python-serialize"})).encode()
    yield json.dumps(plain(1, headers={})).encode()
    yield json.dumps(plain(1, headers=[1])).encode()
    for properties in ({"body_encoding": "base64"}, {"body_encoding": 5}, {"delivery_info": None}, {"delivery_tag": 5}):
        envelope = plain(1)
        envelope["properties"] |= properties
        yield json.dumps(envelope).encode()
    yield json.dumps(plain(1, body=json.dumps([[1, 2, 3], {}, {}]))).encode()
    yield json.dumps(plain(1, body=json.dumps([[], {"number": 10**30, "more": "\ud800\x00"}, {}]))).encode()


def odd_but_good(first: int) -> Iterator[bytes]:
    """These are carried out, under numbers from `first` on."""
    elsewhere = plain(first)
    elsewhere["properties"]["delivery_info"] = {"exchange": "other", "routing_key": {"no": "lane"}}
    yield json.dumps(elsewhere).encode()
    claiming = plain(first + 1)
    claiming["headers"]["waybill"] = {"source": "nobody\x00", "occurred_at": "0001-01-01T00:00:00+23:59", "correlation_id": 5}
    yield json.dumps(claiming).encode()
    arguments = {"number": first + 2, "unknown": ["\ud800", 10**40, float("nan")]}
    yield json.dumps(plain(first + 2, body=json.dumps([[], arguments, {}]))).encode()
    hurried = plain(first + 4)
    hurried["headers"]["timelimit"] = [0.0001, 0.0001]
    yield json.dumps(hurried).encode()
    old = {"task": "analytics.record_probe", "id": "protocol-1", "args": [], "kwargs": {"number": first + 3}}
    yield json.dumps(plain(first + 3, headers={}, body=json.dumps(old))).encode()
