"""What is counted of gateways' events. Of those that were refused, nothing but these counts is kept.

The relay measures how long one waits, since a worker's children show nothing.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from services.payments.webhooks.repository import EventReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

KEPT: Final = Counter(
    "payments_gateway_events", "Verified events, by whether they were new.", ("gateway", "is"), registry=REGISTRY
)
REFUSED: Final = Counter(
    "payments_gateway_events_refused", "Call-backs that were not taken, by reason.", ("gateway", "reason"), registry=REGISTRY
)
LAG: Final = Histogram(
    "payments_gateway_event_lag_seconds",
    "From the event at the gateway to our taking it.",
    ("gateway",),
    buckets=(1, 5, 15, 60, 300, 1800, 7200, 86400),
    registry=REGISTRY,
)
OLDEST_S: Final = Gauge(
    "payments_gateway_events_oldest_seconds",
    "How long the oldest event that is not applied has been here; 0 where none waits.",
    registry=REGISTRY,
)


async def measure_events(database: Database, clock: Clock) -> None:
    """Set the metric."""
    async with database.read() as session:
        since = await EventReader(session).waiting_since()
    OLDEST_S.set((clock() - since).total_seconds() if since else 0)
