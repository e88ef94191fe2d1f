"""Events as workers send them, and as kombu publishes them."""

import base64
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from shared.runtime.ids import uuid7

HOST: Final = "payments@one"


def batch(at: datetime, *outcomes: str, ids: list[UUID] | None = None, **fields: Any) -> dict[str, Any]:
    """The runtime's event of a delivery with these outcomes."""
    keys = ids or [uuid7() for _ in outcomes]
    messages = [
        [str(key), outcome, 1, "order-7", 0.25, "Permanent" if outcome == "failed" else None]
        for key, outcome in zip(keys, outcomes, strict=True)
    ]
    usual = {
        "type": "waybill-batch",
        "hostname": HOST,
        "timestamp": at.timestamp(),
        "uuid": str(uuid7()),
        "name": "payments.generate_invoice",
        "lane": "payments.normal",
        "outcomes": {word: outcomes.count(word) for word in outcomes},
        "errors": {},
        "messages": messages,
        "waited_s": 0.25,
        "ran_s": 0.5,
    }
    return usual | fields


def presence(at: datetime, **fields: Any) -> dict[str, Any]:
    """What a worker says of itself."""
    usual = {
        "type": "waybill-worker",
        "hostname": HOST,
        "timestamp": at.timestamp(),
        "service": "payments",
        "lanes": ["payments.critical", "payments.normal"],
        "slots": 2,
        "running": [],
        "stalled_s": 0.0,
        "waiting": 0,
        "rss_bytes": 200_000_000,
    }
    return usual | fields


def heartbeat(at: datetime, **fields: Any) -> dict[str, Any]:
    """Celery's own."""
    usual = {
        "type": "worker-heartbeat",
        "hostname": HOST,
        "timestamp": at.timestamp(),
        "pid": 4711,
        "processed": 10,
        "loadavg": [0.5, 0.4, 0.3],
    }
    return usual | fields


def published(*events: dict[str, Any]) -> bytes:
    """As kombu publishes it; several are what a worker has gathered."""
    body = orjson.dumps(events[0] if len(events) == 1 else events)
    return orjson.dumps(
        {"body": base64.b64encode(body).decode(), "content-type": "application/json", "properties": {"body_encoding": "base64"}}
    )
