"""Calls of an HTTP API outside: how far they came, each step's own time, and how long to wait."""

from datetime import UTC, datetime

import httpx
import pytest

from shared.runtime.outside.http_api import HttpApi, Interrupted, Reply, Stage, Timing, retry_after_s
from shared.testing.scripted_api import HANG_UP, HANG_UP_IN_BODY, SILENCE, SILENCE_IN_BODY, scripted_api
from shared.testing.servers import free_port

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DATE = "Sat, 21 Nov 2026 10:00:00 GMT"
LARGE = b"x" * 20_000_000
"""More than the kernel takes for somebody who does not read."""


async def ended(answer: str, content: bytes = b"{}", **timing: float) -> Reply | Interrupted:
    """The end of a call that is answered so."""
    async with scripted_api() as server:
        server.answers.append(answer)
        api = HttpApi(server.url, "test", connections=1, timing=Timing(**{"call_s": 10.0, "least_s": 0.0, **timing}))
        try:
            return await api.call("POST", "/", content=content)
        finally:
            await api.close()


async def test_server_that_is_not_there_was_not_reached() -> None:
    api = HttpApi(f"http://127.0.0.1:{free_port()}", "test", connections=1)
    end = await api.call("POST", "/", content=b"{}")
    await api.close()

    assert isinstance(end, Interrupted)
    assert (end.stage, end.out_of_time) == (Stage.CONNECT, False)


@pytest.mark.parametrize(
    ("answer", "content", "timing", "stage", "out_of_time"),
    [
        (HANG_UP_IN_BODY, LARGE, {}, Stage.REQUEST, False),
        (SILENCE_IN_BODY, LARGE, {"write_s": 0.2}, Stage.REQUEST, True),
        (HANG_UP, b"{}", {}, Stage.SENT, False),
        # A request without a body has left with its headers.
        (HANG_UP, b"", {}, Stage.SENT, False),
        (SILENCE, b"{}", {"read_s": 0.2}, Stage.SENT, True),
        (SILENCE, b"{}", {"call_s": 0.2}, Stage.SENT, True),
    ],
)
async def test_end_without_a_reply_tells_how_far_the_call_came(
    answer: str, content: bytes, timing: dict[str, float], stage: Stage, out_of_time: bool
) -> None:
    end = await ended(answer, content, **timing)

    assert isinstance(end, Interrupted)
    assert (end.stage, end.out_of_time) == (stage, out_of_time)


async def test_cookies_of_a_provider_are_neither_kept_nor_sent() -> None:
    async with scripted_api() as server:
        for _ in range(2):
            server.say(200, {}, {"Set-Cookie": "session=1; Path=/"})
        api = HttpApi(server.url, "test", connections=1)
        for _ in range(2):
            assert isinstance(await api.call("GET", "/"), Reply)
        await api.close()

    assert ["cookie" in headers for _, headers, _ in server.requests] == [False, False]


async def test_request_carries_its_own_headers_beside_those_of_every_request() -> None:
    async with scripted_api() as server:
        server.say(200, {"id": 7}, {"Request-Id": "r"})
        api = HttpApi(server.url, "test/1", connections=1, headers={"X-Version": "2"})
        reply = await api.call("POST", "/orders", query=[("a b", "c/d")], content=b"{}", headers={"X-Key": "k"})
        await api.close()

    ((line, headers, body),) = server.requests
    assert (line, body) == ("POST /orders?a%20b=c%2Fd HTTP/1.1", b"{}")
    expected = {"user-agent": "test/1", "content-type": "application/json", "x-version": "2", "x-key": "k"}
    assert {name: headers[name] for name in expected} == expected
    assert isinstance(reply, Reply)
    assert (reply.status, reply.number("id"), reply.headers["Request-Id"]) == (200, 7, "r")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "999999"}, 3600),
        ({"Retry-After": "999999999999"}, 3600),
        ({"Retry-After": "1" * 400}, 3600),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 09:59:50 GMT"}, 40),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Sat, 21 Nov 9999 09:00:00 GMT", "Date": DATE}, 3600),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 -0000", "Date": DATE}, 30),
        # Without the provider's clock ours has to do.
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT"}, 30),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "today"}, 30),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 +99999999999999"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_heeded_for_an_hour(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(httpx.Headers(headers), NOW) == seconds
