"""What is counted of call-backs. Of those that were refused, nothing but these counts is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter

from services.notifications.callbacks.errors import (
    BounceMailRefused,
    CallbackNotCheckable,
    CallbackRefused,
    CallbackUnreadable,
)
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
