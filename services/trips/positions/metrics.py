"""What is counted of positions."""

from typing import Final

from prometheus_client import Counter, Histogram

from shared.runtime.metrics import REGISTRY

POINTS: Final = Counter(
    "trips_positions", "Points that were reported, by what became of them.", ("source", "outcome"), registry=REGISTRY
)
DROPPED: Final = Counter("trips_positions_dropped", "Points that were dropped, by why.", ("reason",), registry=REGISTRY)
COMMIT_POINTS: Final = Histogram(
    "trips_positions_commit_points",
    "Points that one transaction took.",
    buckets=(1, 5, 20, 100, 500, 2000, 5000),
    registry=REGISTRY,
)
COMMIT_SECONDS: Final = Histogram(
    "trips_positions_commit_seconds",
    "How long a transaction of points took.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
    registry=REGISTRY,
)
AGE_SECONDS: Final = Histogram(
    "trips_positions_age_seconds",
    "How old points were when they came, by their devices' clocks.",
    buckets=(1, 2, 5, 15, 60, 300, 3600, 86_400),
    registry=REGISTRY,
)
