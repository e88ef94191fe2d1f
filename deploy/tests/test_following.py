"""The demo's follower of a trip."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from deploy.local.flows.trips.following import Follower
from shared.testing.clock import MONDAY_MORNING

END = b'event: status\ndata: {"status": "completed"}\nid: a.2\n\n'


class Frames(httpx.AsyncByteStream):
    """A stream of events."""

    def __init__(self, *frames: bytes) -> None:
        self._frames = frames

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for frame in self._frames:
            yield frame


def place(second: int) -> bytes:
    """A place that is told."""
    return b'event: position\ndata: {"recorded_at": "2026-03-02T09:00:%02d.0Z"}\nid: a.%d\n\n' % (second, second)


@pytest.mark.parametrize("told", [(place(3),), ()])
async def test_the_place_that_is_told_after_the_end_of_the_trip_is_the_last(told: tuple[bytes, ...]) -> None:
    asked: list[str | None] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("Last-Event-ID"))
        frames = (b"retry: 2000\n\n", *told) if asked[-1] else (b"retry: 2000\n\n", place(1), END, place(3))
        return httpx.Response(200, stream=Frames(*frames))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://trips") as client:
        follower = Follower(client, "/v1/trips/1/live")
        await follower.follow(lambda one: bool(one.named("status")), 5)
        last = await follower.last_place(MONDAY_MORNING + timedelta(seconds=3), 5)

    assert (last, asked) == ([MONDAY_MORNING + timedelta(seconds=3 if told else 1)], [None, "a.2"])
