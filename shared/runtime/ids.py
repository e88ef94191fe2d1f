"""Identifiers: UUIDv7 (RFC 9562), so that new rows land at the right edge of their index."""

import os
import time
import uuid
from typing import Final

NAMESPACE: Final = uuid.UUID("6f1e2ad2-7a35-5d0b-9d0c-52c2a3a1f7c1")

_last = [0]


def uuid7() -> uuid.UUID:
    """A time-ordered id: 48 bits of milliseconds, 12 of their fraction, 62 random. Strictly increasing in a process."""
    _last[0] = max(time.time_ns(), _last[0] + 250)
    milliseconds, fraction_ns = divmod(_last[0], 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | (fraction_ns * 4096 // 1_000_000) << 64 | 0b10 << 62
    return uuid.UUID(int=value | int.from_bytes(os.urandom(8)) >> 2)


def message_uuid(task_id: str) -> uuid.UUID:
    """The message id of a Celery task id; other clients may use any string as an id."""
    try:
        return uuid.UUID(task_id)
    except ValueError:
        # A lone surrogate, which JSON can carry, has no bytes of its own.
        return uuid.uuid5(NAMESPACE, task_id.encode("utf-8", "backslashreplace").decode())
