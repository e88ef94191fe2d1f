"""The clients of the benchmark, a program of its own: `python -m bench.trips.client <job as JSON>`. Prints its figures as JSON.

Plain sockets and no library: it shares two cores with the servers that it measures.
"""

import asyncio
import http.client
import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import uvloop

from bench.trips.data import LATITUDE, LONGITUDE

Figures = dict[str, float]
_BACK: Final = timedelta(days=2)


class Connection:
    """One HTTP/1.1 connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """A new one."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**20))

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer, which must be a good one."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        body = await self._reader.readexactly(length)
        assert head.startswith(b"HTTP/1.1 200"), head + body
        return body

    def close(self) -> None:
        """Let it go."""
        self._writer.close()


def post(path: str, token: str, body: bytes) -> bytes:
    """A request."""
    head = f"POST {path} HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def point(at: datetime, number: int) -> str:
    """A point of a vehicle that drives north at a metre each second."""
    place = f'"latitude":{LATITUDE + number * 1e-5:.6f},"longitude":{LONGITUDE},"speed_mps":1.1,"heading_deg":0,"accuracy_m":5'
    return f'{{"recorded_at":"{at.isoformat()}",{place}}}'


def requests(token: str, count: int, size: int) -> list[bytes]:
    """So many requests of one device, of `size` points each, one by one where it is 1."""
    begin, made = datetime.now(UTC) - _BACK, []
    for number in range(count):
        points = [point(begin + timedelta(seconds=n), n) for n in range(number * size, (number + 1) * size)]
        path, body = ("/v1/positions", points[0]) if size == 1 else ("/v1/positions/batch", f"[{','.join(points)}]")
        made.append(post(path, token, body.encode()))
    return made


async def report(job: dict[str, Any]) -> Figures:
    """Send all as fast as it goes, over one connection for each device."""
    prepared = [requests(token, job["requests"], job["size"]) for token in job["tokens"]]
    connections = [await Connection.to(job["port"]) for _ in prepared]
    taken: list[float] = []

    async def send(connection: Connection, those: list[bytes]) -> None:
        for request in those:
            began = time.perf_counter()
            await connection.ask(request)
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(send(connection, those) for connection, those in zip(connections, prepared, strict=True)))
    seconds = time.perf_counter() - began
    taken.sort()
    return {
        "requests": len(taken),
        "points": len(taken) * job["size"],
        "seconds": seconds,
        "p50_ms": statistics.median(taken) * 1000,
        "p99_ms": taken[int(len(taken) * 0.99)] * 1000,
    }


async def follow(job: dict[str, Any]) -> Figures:
    """Follow trips over many connections, and say how old each place was when it came."""
    ages: list[float] = []
    counting, driven = asyncio.Event(), asyncio.Event()

    async def one(trip: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", job["port"])
        head = f"GET /v1/trips/{trip}/live HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer {job['token']}\r\n\r\n"
        writer.write(head.encode())
        async for line in reader:
            now = time.time()
            if line.startswith(b"event: position"):
                driven.set()
            if counting.is_set() and line.startswith(b"data: ") and b'"recorded_at"' in line and b"snapshot" not in line:
                at = line.partition(b'"recorded_at":"')[2].partition(b'"')[0].decode()
                ages.append(now - datetime.fromisoformat(at).timestamp())

    tasks = []
    for number in range(job["followers"]):
        tasks.append(asyncio.create_task(one(job["trips"][number % len(job["trips"])])))
        if number % 20 == 19:
            await asyncio.sleep(0.05)
    await asyncio.sleep(4)
    print("open", flush=True)
    await asyncio.wait_for(driven.wait(), 60)
    await asyncio.sleep(2)
    counting.set()
    await asyncio.sleep(job["seconds"])
    for task in tasks:
        task.cancel()
    failed = [one for one in await asyncio.gather(*tasks, return_exceptions=True) if not isinstance(one, asyncio.CancelledError)]
    ages.sort()
    return {
        "places": len(ages),
        "lost_streams": len(failed),
        "p50_ms": statistics.median(ages) * 1000,
        "p99_ms": ages[int(len(ages) * 0.99)] * 1000,
        "max_ms": ages[-1] * 1000,
    }


async def drive(job: dict[str, Any]) -> Figures:
    """Report one place of each device a second, spread over the second, until the time is over."""
    late = 0.0

    async def one(place: int, token: str) -> int:
        connection, sent = await Connection.to(job["port"]), 0
        begin = time.perf_counter() + place / len(job["tokens"])
        while sent < job["seconds"]:
            await asyncio.sleep(max(0.0, begin + sent - time.perf_counter()))
            await connection.ask(post("/v1/positions", token, point(datetime.now(UTC), sent).encode()))
            sent += 1
        connection.close()
        return sent

    sent = await asyncio.gather(*(one(place, token) for place, token in enumerate(job["tokens"])))
    return {"points": float(sum(sent)), "late_s": late}


async def latest(job: dict[str, Any]) -> Figures:
    """Ask for the newest places again and again.

    Over a plain blocking connection: a StreamReader spent a fifth of the whole time on putting megabytes together.
    """
    connection, taken, size = http.client.HTTPConnection("127.0.0.1", job["port"]), [], 0
    for _ in range(job["rounds"]):
        began = time.perf_counter()
        connection.request("GET", "/v1/positions/latest", headers={"Authorization": f"Bearer {job['token']}"})
        answer = connection.getresponse()
        body = answer.read()
        taken.append(time.perf_counter() - began)
        assert answer.status == HTTPStatus.OK, body
        size = len(body)
    connection.close()
    return {"median_ms": statistics.median(taken) * 1000, "best_ms": min(taken) * 1000, "bytes": float(size)}


JOBS: Final = {"report": report, "follow": follow, "drive": drive, "latest": latest}


def main() -> None:
    """Do the job that standard input names."""
    job = json.loads(sys.stdin.read())
    print(json.dumps(uvloop.run(JOBS[job["job"]](job))), flush=True)


if __name__ == "__main__":
    main()
