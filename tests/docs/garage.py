"""A stand-in for the garage of docs/examples: an HTTP server that says what it is told and keeps what it got."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class GarageStandIn:
    """status, headers: what it answers. orders: the bodies it took, by their idempotency key. asked: how many requests came."""

    url: str = ""
    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    orders: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: int = 0


@contextmanager
def running_garage() -> Iterator[GarageStandIn]:
    """Serve on a free port for the length of the block."""
    garage = GarageStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            garage.asked += 1
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Idempotency-Key"]
            if garage.status < 300:
                garage.orders.setdefault(key, body)
            answer = json.dumps({"reference": f"G-{list(garage.orders).index(key)}"} if garage.status < 300 else {}).encode()
            self.send_response(garage.status)
            for name, value in {**garage.headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    garage.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield garage
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
