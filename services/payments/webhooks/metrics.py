"""What is counted of gateways' events. Of those that were refused, nothing but these counts is kept."""

from typing import Final

from prometheus_client import Counter, Histogram

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
