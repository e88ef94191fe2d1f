"""A registry in Prometheus' text format, and the port on which it is shown.

The library's own text takes ten microseconds a line, which is a tenth of a second for a collector that has counted a few workers
by each task, and holds up what the process does besides. Most of that goes into a dictionary of labels for each line; here the
labels of a series are written once for all its lines. That takes what the library keeps inside: a test holds both texts against
each other.
"""

import gzip
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_TYPES: Final = {"counter": ("_total", "counter"), "info": ("_info", "gauge"), "unknown": ("", "untyped")}
_QUICK: Final = 1
"""Of gzip's levels: the usual one makes a text that is hardly shorter, in eight times the time."""


def exposition(registry: CollectorRegistry) -> bytes:
    """All that the registry has now."""
    lines: list[str] = []
    for collector in list(registry._collector_to_names):  # noqa: SLF001 — it hands out families alone, made at once
        if isinstance(collector, MetricWrapperBase):
            lines.extend(_counted(collector))
        else:
            lines.extend(line for metric in collector.collect() for line in _told(metric))
    return "".join(lines).encode()


def _counted(metric: MetricWrapperBase) -> Iterator[str]:
    [family] = metric.describe()
    yield _about(family)
    for labels, child in _children(metric):
        for suffix, own, value, *_ in child._child_samples():  # noqa: SLF001 — `collect` makes dictionaries of these
            both = f"{labels},{_pairs(own.items())}" if own and labels else labels or _pairs(own.items())
            yield f"{family.name}{suffix}{{{both}}} {_number(value)}\n" if both else f"{family.name}{suffix} {_number(value)}\n"


def _children(metric: MetricWrapperBase) -> list[tuple[str, MetricWrapperBase]]:
    names = metric._labelnames  # noqa: SLF001 — nothing says it in public
    if not names:
        return [("", metric)]
    with metric._lock:  # noqa: SLF001 — a label set that is new meanwhile would end the loop
        children = list(metric._metrics.items())  # noqa: SLF001 — as above
    return [(_pairs(sorted(zip(names, values, strict=True))), child) for values, child in children]


def _told(metric: Metric) -> Iterator[str]:
    yield _about(metric)
    for name, labels, value, *_ in metric.samples:
        yield f"{name}{{{_pairs(sorted(labels.items()))}}} {_number(value)}\n" if labels else f"{name} {_number(value)}\n"


def _about(metric: Metric) -> str:
    suffix, kind = _TYPES.get(metric.type, ("", metric.type))
    about = metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name}{suffix} {about}\n# TYPE {metric.name}{suffix} {kind}\n"


def _pairs(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in labels])


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    # Most buckets are empty.
    return str(floatToGoString(value)) if value else "0.0"  # type: ignore[no-untyped-call]  # the library has not typed it


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], registry: CollectorRegistry) -> None:
        super().__init__(address, _Handler)
        self.registry = registry


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10.0

    def do_GET(self) -> None:
        """The text, whatever the path, packed for whoever can unpack it."""
        body = exposition(self.server.registry)
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, _QUICK)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 — the name by which it is given
        """Nobody asks who has scraped."""


def serve(registry: CollectorRegistry, port: int, address: str) -> ThreadingHTTPServer:
    """Show it at http://<address>:<port>/metrics, from threads of its own. OSError when the port is taken."""
    server = _Server((address, port), registry)
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
