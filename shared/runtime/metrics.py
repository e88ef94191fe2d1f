"""The metrics registry of this process, and the port on which workers and relays show it; APIs show it at /metrics.

One process is one registry. Nothing is measured in a worker's children (docs of prometheus-client on multiprocessing
tell why), so no directory of shared files is needed.
"""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from shared.runtime.exposition import serve

REGISTRY: Final = CollectorRegistry(auto_describe=True)
PORT_UNUSABLE: Final = "METRICS_PORT {} is taken or cannot be used: name another"

# When each series began, which no dashboard asks for and a quarter of every scrape was.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has not typed it
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def serve_metrics(port: int, address: str = "0.0.0.0") -> None:  # noqa: S104 — a scraper comes from another machine.
    """Show the registry at http://<address>:<port>/metrics, from a thread of its own. SystemExit when the port is taken."""
    try:
        serve(REGISTRY, port, address)
    except OSError:
        raise SystemExit(PORT_UNUSABLE.format(port)) from None
