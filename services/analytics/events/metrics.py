"""What is counted of events."""

from typing import Final

from prometheus_client import Counter, Histogram

from shared.runtime.metrics import REGISTRY

EVENTS: Final = Counter("analytics_events", "Events that came by HTTP, by what became of them.", ("outcome",), registry=REGISTRY)
QUARANTINED: Final = Counter(
    "analytics_events_quarantined", "Events that were put aside, by why.", ("reason",), registry=REGISTRY
)
COMMIT_EVENTS: Final = Histogram(
    "analytics_events_commit_events",
    "Events that one transaction took.",
    buckets=(1, 5, 20, 100, 500, 2000, 5000),
    registry=REGISTRY,
)
COMMIT_SECONDS: Final = Histogram(
    "analytics_events_commit_seconds",
    "How long a transaction of events took.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
