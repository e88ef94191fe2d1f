"""A SendGrid that keeps nothing: `python -m bench.email.sendgrid_sink`. Prints its port, and serves until it is ended.

It takes `POST /v3/mail/send` as SendGrid does: at most 1,000 personalizations, each address once, and answers 202 with an
X-Message-Id. It parses each request to its end and counts the personalizations by their custom argument `ref`, one asyncio
protocol on uvloop; it checks no more and keeps no mails. deploy/sandbox makes the MIME of each mail and writes it into SQLite.

Two paths of its own: `GET /counts` answers `{"mails", "distinct", "requests", "largest"}`, `POST /reset` begins to count anew.
"""

import asyncio
import re
from typing import Any, Final, cast

import orjson
import uvloop

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_MAX_PERSONALIZATIONS: Final = 1000


class Counts:
    """What all connections together have received. largest: the most mails of one request."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.mails = 0
        self.requests = 0
        self.largest = 0
        self.refs: set[str] = set()

    def add(self, request: dict[str, Any]) -> bool:
        """One request. False where SendGrid would refuse it."""
        mails = request["personalizations"]
        addresses = {one["to"][0]["email"].lower() for one in mails}
        if len(mails) > _MAX_PERSONALIZATIONS or len(addresses) != len(mails):
            return False
        self.requests += 1
        self.mails += len(mails)
        self.largest = max(self.largest, len(mails))
        self.refs.update(one["custom_args"]["ref"] for one in mails)
        return True

    def shown(self) -> bytes:
        """As JSON."""
        return orjson.dumps({"mails": self.mails, "distinct": len(self.refs), "requests": self.requests, "largest": self.largest})


class Connection(asyncio.Protocol):
    """One client, which sends one request after the other."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4 or self._transport is None:
            return
        found = _LENGTH.search(self._buffer, 0, end)
        length = int(found[1]) if found else 0
        if len(self._buffer) < end + length:
            return
        path, body = bytes(self._buffer[:end]).split(b" ", 2)[1], bytes(self._buffer[end : end + length])
        del self._buffer[: end + length]
        self._transport.write(self._answer(path, body))

    def _answer(self, path: bytes, body: bytes) -> bytes:
        if path == b"/counts":
            return _response(b"200 OK", self._counts.shown())
        if path == b"/reset":
            self._counts.reset()
            return _response(b"204 No Content")
        if self._counts.add(orjson.loads(body)):
            return _response(b"202 Accepted", headers=b"X-Message-Id: sink%d\r\n" % self._counts.requests)
        return _response(b"400 Bad Request", b'{"errors": [{"message": "Bad Request", "field": "personalizations"}]}')


def _response(status: bytes, body: bytes = b"", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, headers, len(body), body)


async def serve() -> None:
    """Serve on a free port until the process is ended."""
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
