"""Metrics of the HTTP edge. Labels are bounded: route templates, known methods, status codes."""

from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import Gauge, Histogram

from shared.runtime.metrics import REGISTRY

UNMATCHED: Final = "unmatched"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

DURATION: Final = Histogram(
    "http_request_duration_seconds",
    "Time from the first byte of a request to the last byte of its response.",
    ("service", "method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
IN_PROGRESS: Final = Gauge("http_requests_in_progress", "Requests being answered now.", ("service",), registry=REGISTRY)


def observe(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one request."""
    DURATION.labels(service, method if method in _METHODS else "OTHER", route, str(status)).observe(seconds)


def route_template(scope: Mapping[str, Any]) -> str:
    """The path template of the route that took the request, such as `/v1/alerts/{alert_id}`; `unmatched` when none did."""
    # A route of an included router knows its path without the prefix that it was included under; its context knows both.
    context = scope.get("fastapi", {}).get("effective_route_context")
    template = getattr(context, "path_format", None) or getattr(scope.get("route"), "path_format", None)
    return template or UNMATCHED
