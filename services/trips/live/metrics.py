"""What is counted of live streams."""

from typing import Final

from prometheus_client import Counter, Gauge

from shared.runtime.metrics import REGISTRY

FOLLOWERS: Final = Gauge("trips_live_followers", "Streams that are open in this process.", registry=REGISTRY)
EVENTS: Final = Counter(
    "trips_live_events", "Events of trips that this process has heard, by kind.", ("kind",), registry=REGISTRY
)
RESETS: Final = Counter(
    "trips_live_resets", "Streams that had to begin anew, by why: unknown_id, gap or overflow.", ("reason",), registry=REGISTRY
)
CUT_OFF: Final = Counter(
    "trips_live_cut_off",
    "Streams that this process ended, by why: slow, expired, revoked, ended or too_long.",
    ("reason",),
    registry=REGISTRY,
)
