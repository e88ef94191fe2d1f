"""Server-sent events (HTML Living Standard, "Server-sent events"): a response that writes their frames.

A client that takes nothing for a while is cut off: it comes again with the id of the last event that it had, and what it has
missed is kept elsewhere, not here.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {
    "Cache-Control": "no-store",
    # nginx would hold events back until its buffer is full.
    "X-Accel-Buffering": "no",
}


class EventStreamResponse(Response):
    """Writes the frames of a generator until it ends or the client goes. What the generator raises before its first frame is
    answered as what an endpoint raises.

    frames: closed at the end, whatever ends it. send_timeout_s: how long the client may take nothing. on_cut_off: called then.
    """

    def __init__(
        self,
        frames: AsyncGenerator[bytes, None],
        status_code: int = 200,
        *,
        send_timeout_s: float,
        on_cut_off: Callable[[], None],
    ) -> None:
        super().__init__(status_code=status_code, media_type=MEDIA_TYPE, headers=HEADERS)
        # Nobody knows how long it is going to be.
        del self.headers["content-length"]
        self._frames = frames
        self._send_timeout_s = send_timeout_s
        self._on_cut_off = on_cut_off

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 — as ASGI calls it.
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            result, _ = await asyncio.gather(writing, leaving, return_exceptions=True)
            await self._frames.aclose()
        if isinstance(result, TimeoutError):
            self._on_cut_off()
            _drop(receive)
            raise ClientDisconnect
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result

    async def _write(self, send: Send) -> None:
        frame = await anext(self._frames, None)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while frame is not None:
            async with asyncio.timeout(self._send_timeout_s):
                await send({"type": "http.response.body", "body": frame, "more_body": True})
            frame = await anext(self._frames, None)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _drop(receive: Receive) -> None:
    """Let the connection go with what it holds. ASGI has no word for it, and closing would wait until all is taken.

    `receive` belongs to uvicorn's cycle of the request, which has the transport; under another server the connection is closed.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
