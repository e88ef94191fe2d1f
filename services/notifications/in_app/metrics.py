"""What is counted of those who follow an inbox."""

from typing import Final

from prometheus_client import Counter

from shared.runtime.metrics import REGISTRY

CUT_OFF: Final = Counter(
    "notifications_in_app_streams_cut_off", "Streams of in-app inboxes whose reader took nothing for too long.", registry=REGISTRY
)
