"""Waiting, the frozen clock, the closed sockets, an application behind a socket, the broker fixture."""

import signal
import socket
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from shared.testing.clock import FrozenClock
from shared.testing.http_server import serving, url_of
from shared.testing.order import longest_first
from shared.testing.servers import free_port
from shared.testing.sockets import OutsideWorldError
from shared.testing.wait import eventually


async def test_eventually_returns_the_first_true_value() -> None:
    values = iter([0, None, "third"])

    assert await eventually(lambda: next(values)) == "third"


async def test_eventually_tells_what_it_saw_last() -> None:
    with pytest.raises(AssertionError, match=r"no row came: not within 0\.05 s; last seen: 0"):
        await eventually(lambda: 0, 0.05, "no row came")


async def test_eventually_waits_for_assertions_and_lets_other_errors_out() -> None:
    async def fails() -> bool:
        raise AssertionError("two rows, not one")

    with pytest.raises(AssertionError, match="last seen: two rows, not one"):
        await eventually(fails, 0.05)
    with pytest.raises(ZeroDivisionError):
        await eventually(lambda: 1 / 0)


def test_clock_moves_only_when_told(clock: FrozenClock) -> None:
    started = clock()

    assert clock() == started == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert clock.advance(timedelta(minutes=90)) == clock() == datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


def test_clock_keeps_utc_and_refuses_naive_times(clock: FrozenClock) -> None:
    assert (
        clock.set(datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=5, minutes=30)))).isoformat()
        == "2026-03-02T03:30:00+00:00"
    )

    with pytest.raises(ValueError, match="is naive"):
        clock.set(datetime(2026, 3, 2, 9))  # noqa: DTZ001 - the naive time is the point
    assert clock().isoformat() == "2026-03-02T03:30:00+00:00"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_connecting_to_another_machine_is_refused(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as outside, pytest.raises(OutsideWorldError, match=address):
        outside.connect((address, 80))


async def test_looking_up_a_provider_is_refused() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(OutsideWorldError, match=r"api\.example\.com"):
            await client.get("http://api.example.com/")


async def test_the_loopback_interface_is_open() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://localhost:{free_port()}/")


async def test_application_answers_behind_a_socket_until_the_end_and_leaves_signals_to_the_test() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = url_of(listener)
        async with serving(FastAPI(title="Sample"), listener), httpx.AsyncClient(base_url=url) as client:
            answer = await client.get("/openapi.json")
            during = signal.getsignal(signal.SIGTERM)
        async with httpx.AsyncClient(base_url=url) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/openapi.json")

    assert (answer.status_code, answer.json()["info"]["title"], during) == (200, "Sample", handler)


@pytest.fixture(params=["first run", "second run"])
def repeated(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.mark.usefixtures("repeated")
async def test_broker_is_empty_at_the_start_of_each_test(redis: Redis) -> None:
    assert await redis.dbsize() == 0

    await redis.set("left", "behind")


def test_files_that_may_take_long_come_first_and_then_those_with_many_tests() -> None:
    tests = [("one", 120.0), ("many", 120.0), ("many", 120.0), ("fuzz", 120.0), ("fuzz", 600.0), ("stack", 900.0)]

    assert longest_first(tests) == ["stack", "fuzz", "many", "one"]
