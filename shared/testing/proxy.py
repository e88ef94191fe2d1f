"""A TCP proxy that does to connections what networks do: delay, thin out, stall, cut, reset, refuse."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

CHUNK_BYTES: Final = 64 * 1024
_IN_FLIGHT_CHUNKS: Final = 256
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards `127.0.0.1:port` to `host:upstream_port`; an async context manager. All faults can be switched at run time.

    latency_s: added to every direction. bytes_per_s: bandwidth of every direction of every connection; None is unlimited.
    """

    def __init__(self, upstream_port: int, host: str = "127.0.0.1") -> None:
        self.latency_s = 0.0
        self.bytes_per_s: float | None = None
        self.port = 0
        self._upstream = (host, upstream_port)
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.refuse()
        self.reset()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def accept(self) -> None:
        """Listen, on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Stop listening: new connections are refused, open ones go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def stall(self) -> None:
        """Half-open: connections stay, new ones are accepted, and not a byte passes until `flow()`."""
        self._flowing.clear()

    def flow(self) -> None:
        """End a stall; what was on its way arrives."""
        self._flowing.set()

    def cut(self) -> None:
        """Close every connection in an orderly way (FIN)."""
        for writer in tuple(self._writers):
            writer.close()

    def reset(self) -> None:
        """Break every connection (RST): the peers see "connection reset"."""
        for writer in tuple(self._writers):
            raw: socket.socket | None = writer.get_extra_info("socket")
            if raw is not None and not writer.transport.is_closing():
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    async def _connected(self, client_reader: asyncio.StreamReader, client_writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            async with self._kept(client_writer):
                await self._flowing.wait()
                try:
                    server_reader, server_writer = await asyncio.open_connection(*self._upstream)
                except OSError:
                    return
                async with self._kept(server_writer):
                    await self._forward(client_reader, client_writer, server_reader, server_writer)
        finally:
            self._connections.discard(task)

    async def _forward(
        self,
        client_reader: asyncio.StreamReader,
        client_writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(client_reader, server_writer))
                group.create_task(self._pump(server_reader, client_writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction; what is read waits for its time in a queue, so that latency does not cost bandwidth."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT_CHUNKS)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliver(queue, writer))
            data = b"-"
            while data:
                data = await reader.read(CHUNK_BYTES)
                await queue.put((time.monotonic() + self.latency_s, data))

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._flowing.wait()
            if not data:
                # One direction has ended; the other one may still have something to say.
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
            if self.bytes_per_s is not None:
                await asyncio.sleep(len(data) / self.bytes_per_s)

    @contextlib.asynccontextmanager
    async def _kept(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
