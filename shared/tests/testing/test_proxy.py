"""The fault proxy does to real connections what it says."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from shared.testing.proxy import FaultProxy
from shared.testing.servers import free_port
from shared.testing.wait import eventually

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    """In front of a server that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


Connect = Callable[[], Awaitable[Connection]]


@pytest_asyncio.fixture
async def connect(proxy: FaultProxy) -> AsyncIterator[Connect]:
    """Opens connections through the proxy, and closes them with the test."""
    opened: list[asyncio.StreamWriter] = []

    async def open_one() -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        opened.append(writer)
        return reader, writer

    yield open_one
    for writer in opened:
        writer.transport.abort()


async def ask(connection: Connection, words: bytes) -> bytes:
    reader, writer = connection
    writer.write(words)
    await writer.drain()
    return await reader.readexactly(len(words))


async def test_bytes_pass_unchanged(connect: Connect) -> None:
    connection = await connect()
    words = bytes(range(256)) * 4096

    answer, _ = await asyncio.gather(connection[0].readexactly(len(words)), _write(connection, words))

    assert answer == words


async def test_latency_is_added_to_each_direction(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    await ask(connection, b"warm")
    proxy.latency_s = 0.1
    started = time.monotonic()

    await ask(connection, b"slow")

    assert 0.2 <= time.monotonic() - started < 0.6


async def test_bandwidth_is_limited(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    proxy.bytes_per_s = 10_000
    started = time.monotonic()

    await ask(connection, b"-" * 1000)
    await ask(connection, b"-" * 1000)

    assert time.monotonic() - started >= 0.1


async def test_stalled_connection_stays_open_and_delivers_later(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    await ask(connection, b"before")

    proxy.stall()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(connection, b"during"), 0.1)
    proxy.flow()

    assert await connection[0].readexactly(6) == b"during"


async def test_cut_closes_connections_in_an_orderly_way(proxy: FaultProxy, connect: Connect) -> None:
    reader, _ = connection = await connect()
    await ask(connection, b"before")

    proxy.cut()

    assert await reader.read() == b""
    await eventually(lambda: proxy.open_connections == 0, message="the proxy keeps the connection")


async def test_reset_breaks_connections(proxy: FaultProxy, connect: Connect) -> None:
    reader, _ = connection = await connect()
    await ask(connection, b"before")

    proxy.reset()

    with pytest.raises(ConnectionResetError):
        await reader.read()


async def test_refused_are_new_connections_only_and_until_accepted_again(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    await ask(connection, b"before")

    await proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connect()
    assert await ask(connection, b"during") == b"during"
    await proxy.accept()

    assert await ask(await connect(), b"after") == b"after"


async def test_upstream_that_is_gone_closes_the_client() -> None:
    async with FaultProxy(free_port()) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)

        assert await reader.read() == b""
        writer.close()


async def _write(connection: Connection, words: bytes) -> None:
    connection[1].write(words)
    await connection[1].drain()
