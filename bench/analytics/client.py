"""The clients of the benchmark, a program of its own: `python -m bench.analytics.client`. Takes its job as JSON, prints figures.

Plain sockets and no library: it shares two cores with the servers that it measures.
"""

import asyncio
import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import uvloop

from shared.runtime.ids import uuid7

Figures = dict[str, float]
NAMES: Final = ("shop.page_viewed", "shop.product_viewed", "shop.cart_filled", "app.session_started")


class Connection:
    """One HTTP/1.1 connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """A new one."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))

    async def ask(self, request: bytes, status: int) -> bytes:
        """The body of the answer, which must have this status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        body = await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 %d" % status), head + body
        return body


def _head(method: str, path: str, token: str, length: int) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {length}\r\n\r\n".encode()


def batch(token: str, size: int, number: int) -> bytes:
    """A request of so many events of the last ten minutes, by two thousand people."""
    now = datetime.now(UTC)
    events = [
        {
            "id": str(uuid7()),
            "name": NAMES[n % len(NAMES)],
            "occurred_at": (now - timedelta(milliseconds=600_000 * n // size)).isoformat(),
            "user_id": f"payments.customer:{(n * 7 + number) % 2000}",
            "session_id": f"s-{number}-{n % 50}",
            "value": n % 977,
            "properties": {"product": f"kettle {n % 40}", "place": "Pune"},
        }
        for n in range(size)
    ]
    body = json.dumps(events, separators=(",", ":")).encode()
    return _head("POST", "/v1/events:batch", token, len(body)) + body


async def send(job: dict[str, Any]) -> Figures:
    """Send batches over several connections as fast as it goes."""
    prepared = [
        [batch(job["token"], job["size"], connection * 10_000 + number) for number in range(job["requests"])]
        for connection in range(job["connections"])
    ]
    return await _all(job, prepared, 202) | {"events": float(job["connections"] * job["requests"] * job["size"])}


async def read(job: dict[str, Any]) -> Figures:
    """Ask for these paths in turn over several connections."""
    requests = [_head("GET", path, job["token"], 0) for path in job["paths"]]
    return await _all(job, [requests * job["rounds"]] * job["connections"], 200)


async def _all(job: dict[str, Any], prepared: list[list[bytes]], status: int) -> Figures:
    connections = [await Connection.to(job["port"]) for _ in prepared]
    taken: list[float] = []

    async def ask(connection: Connection, those: list[bytes]) -> None:
        for request in those:
            began = time.perf_counter()
            await connection.ask(request, status)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(ask(one, those) for one, those in zip(connections, prepared, strict=True)))
    seconds = time.perf_counter() - began
    cuts = statistics.quantiles(taken, n=100)
    return {
        "seconds": seconds,
        "requests": float(len(taken)),
        "p50_ms": 1000 * cuts[49],
        "p95_ms": 1000 * cuts[94],
        "p99_ms": 1000 * cuts[98],
    }


async def _main() -> None:
    job = json.loads(sys.stdin.read())
    print(json.dumps(await {"send": send, "read": read}[job["job"]](job)))


if __name__ == "__main__":
    uvloop.run(_main())
