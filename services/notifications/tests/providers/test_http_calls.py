"""The client of all providers' HTTP APIs: what the end of a call means by how far it had come."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.http_calls import HttpCalls, by_status
from shared.runtime.outside.http_api import Reply
from shared.testing.scripted_api import SILENCE, scripted_api


def meaning(answer: Reply | Answer) -> tuple[str, bool, bool]:
    """Verdict, whether the account is closed, and whether the provider had been asked."""
    assert isinstance(answer, Answer)
    return answer.verdict.value, answer.closes, answer.reached


@contextmanager
def full_server() -> Iterator[str]:
    """The address of a server that lets nobody else in: the kernel leaves further connections without an answer."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


async def test_call_that_waited_for_our_own_connections_says_nothing_of_the_provider() -> None:
    async with scripted_api() as api:
        api.answers.append(SILENCE)
        calls = HttpCalls(api.url, connections=1, time_factor=0.02)
        answers = await asyncio.gather(*(calls.call("POST", "/", content=b"{}") for _ in range(3)))
        await calls.close()

    assert [meaning(one) for one in answers] == [
        ("unknown", False, True),
        ("transient", False, False),
        ("transient", False, False),
    ]
    assert len(api.requests) == 1


@pytest.mark.parametrize("left_s", [0.0, 4.9])
@pytest.mark.parametrize("warm", [False, True])
async def test_call_that_has_too_little_time_left_for_an_answer_is_not_made(warm: bool, left_s: float) -> None:
    async with scripted_api() as api:
        api.say(200, {})
        calls = HttpCalls(api.url, connections=2)
        if warm:
            await calls.call("GET", "/first")
        answer = await calls.call("GET", "/late", deadline=asyncio.get_running_loop().time() + left_s)
        await calls.close()

    assert meaning(answer) == ("transient", False, False)
    assert "GET /late HTTP/1.1" not in [request[0] for request in api.requests]


async def test_provider_that_had_its_time_to_answer_is_away() -> None:
    # A connection has 50 ms here.
    with full_server() as url:
        calls = HttpCalls(url, connections=1, time_factor=0.01)
        away = await calls.call("GET", "/")
        await calls.close()

    assert meaning(away) == ("throttled", True, True)


async def test_call_that_cannot_be_made_at_all_uses_up_a_try() -> None:
    # Not counted, it would be tried again at once and for ever.
    calls = HttpCalls("gopher://127.0.0.1", connections=1)
    answer = await calls.call("GET", "/")
    await calls.close()

    assert meaning(answer) == ("transient", False, True)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (301, "config"),
        (400, "bad_content"),
        (401, "config"),
        (404, "config"),
        (408, "transient"),
        (413, "bad_content"),
        (415, "bad_content"),
        (422, "bad_content"),
        (429, "throttled"),
        (500, "transient"),
        (503, "transient"),
    ],
)
def test_answer_without_a_code_is_judged_by_its_status(status: int, verdict: str) -> None:
    assert by_status(status) is Verdict(verdict)
