"""What follows a request through HTTP, outbox, task and follow-ups: correlation id and W3C trace context."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.runtime.ids import uuid7

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Trace:
    """correlation_id: 1 to 64 characters, quoted in logs, problems and messages. traceparent: W3C Trace Context."""

    correlation_id: str
    traceparent: str

    def child(self) -> "Trace":
        """The same trace under a new span."""
        match = _TRACEPARENT.fullmatch(self.traceparent)
        trace_id, flags = (match[1], match[3]) if match else (os.urandom(16).hex(), "01")
        return Trace(self.correlation_id, f"00-{trace_id}-{os.urandom(8).hex()}-{flags}")


_current: ContextVar[Trace | None] = ContextVar("waybill_trace", default=None)


def new_trace(correlation_id: str | None = None, traceparent: str | None = None) -> Trace:
    """A trace that continues what the caller sent, where that is well-formed, and starts anew where not."""
    if correlation_id is None or not _CORRELATION.fullmatch(correlation_id):
        correlation_id = uuid7().hex
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        traceparent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
    return Trace(correlation_id, traceparent)


def current_trace() -> Trace:
    """The trace of the request or message being handled; a new one outside of any."""
    trace = _current.get()
    return trace if trace is not None else new_trace()


@contextmanager
def traced(trace: Trace) -> Iterator[Trace]:
    """Make `trace` the current one inside the block."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
