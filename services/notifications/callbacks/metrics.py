"""What is counted of call-backs. Of those that were refused, nothing but these counts is kept.

The relay measures how long one waits, since a worker's children show nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter, Gauge

from services.notifications.callbacks.errors import (
    BounceMailRefused,
    CallbackNotCheckable,
    CallbackRefused,
    CallbackUnreadable,
)
from services.notifications.callbacks.repository import ProviderEventReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

KEPT: Final = Counter(
    "notifications_callback_events",
    "Reported events that were verified, by whether they were new.",
    ("provider", "is"),
    registry=REGISTRY,
)
REFUSED: Final = Counter(
    "notifications_callbacks_refused", "Call-backs that were not taken, by reason.", ("provider", "reason"), registry=REGISTRY
)
OLDEST_S: Final = Gauge(
    "notifications_callbacks_oldest_seconds",
    "How long the oldest reported event that is not applied has been here; 0 where none waits.",
    registry=REGISTRY,
)


async def measure_callbacks(database: Database, clock: Clock) -> None:
    """Set the gauge."""
    async with database.read() as session:
        since = await ProviderEventReader(session).waiting_since()
    OLDEST_S.set((clock() - since).total_seconds() if since else 0)


@contextmanager
def counting_refusals(provider: str) -> Iterator[None]:
    """Count what the block says no with, and pass it on."""
    try:
        yield
    except (CallbackRefused, BounceMailRefused) as error:
        REFUSED.labels(provider, error.reason).inc()
        raise
    except CallbackUnreadable:
        REFUSED.labels(provider, "unreadable").inc()
        raise
    except CallbackNotCheckable:
        REFUSED.labels(provider, "not_checkable").inc()
        raise
