"""The one listener of a process, whose followers come and go while Redis tells."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from services.notifications.in_app.doorbell import Doorbell, ring
from services.notifications.in_app.repository import Head
from shared.testing.wait import eventually

pytestmark = pytest.mark.timeout(60)
PERSON = "trips.driver:019a9f5e-1c00-7e21-b7c4-90ab12cd34ef"


class DeafHints:
    """Its client loses a cancellation, as redis-py does where an answer comes at that moment: what was read is returned."""

    def __init__(self, hints: Any) -> None:
        self._hints = hints

    async def __aenter__(self) -> "DeafHints":
        await self._hints.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._hints.__aexit__(*error)

    async def subscribe(self, channel: str) -> None:
        await self._hints.subscribe(channel)

    async def get_message(self, timeout: float) -> Any:  # noqa: ASYNC109 - the client's own signature
        reading = asyncio.ensure_future(self._hints.get_message(timeout=timeout))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            return await reading


class DeafClient:
    """Subscribes so."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def pubsub(self, **options: Any) -> DeafHints:
        return DeafHints(self._client.pubsub(**options))


async def nothing_written(_: Sequence[str]) -> Mapping[str, Head]:
    return {}


async def nobody_listens() -> bool:
    return "in-app-doorbell" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_nobody_listens_any_more_once_the_last_follower_has_left(redis: Redis) -> None:
    doorbell = Doorbell(cast("Redis", DeafClient(redis)), nothing_written, time_factor=0.01)
    for _ in range(3):
        with doorbell.listening(PERSON) as bell:
            await asyncio.wait_for(bell.wait(), 5)

    await eventually(nobody_listens)
    with doorbell.listening(PERSON) as bell:
        await asyncio.wait_for(bell.wait(), 5)
        bell.clear()
        await ring(redis, [PERSON])
        await asyncio.wait_for(bell.wait(), 5)
