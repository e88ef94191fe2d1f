"""The one reader of a process, whose followers come and go while Redis tells."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from services.trips.live.arrivals import LiveArrivals
from services.trips.live.channel import MOST_READ, Entry, LiveChannel, Told
from services.trips.live.events import EventId
from services.trips.live.hub import Hub
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.testing.clock import MONDAY_MORNING
from shared.testing.wait import eventually

pytestmark = [pytest.mark.commits, pytest.mark.timeout(60)]
TRIP = "019a9f5e-1c00-7e21-b7c4-90ab12cd34ef"


class DeafChannel(LiveChannel):
    """Its client loses a cancellation, as redis-py does where an answer comes at that moment: what was read is returned."""

    async def read(self, after: EventId, block_ms: int) -> list[Entry]:
        reading = asyncio.ensure_future(super().read(after, block_ms))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            return await reading


class StalledChannel(LiveChannel):
    """What its process has missed while it stood still is read in two parts, and the second one is long in coming."""

    def __init__(self, client: Redis, missed: Sequence[Entry]) -> None:
        super().__init__(client)
        self._missed = list(missed)
        self.is_asked_again = asyncio.Event()

    async def read(self, after: EventId, block_ms: int) -> list[Entry]:  # noqa: ARG002 - whatever is asked for
        part, self._missed = self._missed, []
        if not part:
            self.is_asked_again.set()
            await asyncio.Event().wait()
        return part


class Unchanging:
    """Trips of which nothing becomes."""

    async def versions(self, trip_ids: Collection[str]) -> Mapping[str, int]:
        return dict.fromkeys(trip_ids, 1)

    async def changes(self, _: Mapping[str, int]) -> Mapping[str, Mapping[int, Told]]:
        return {}

    async def places(self, _: Mapping[str, str | None]) -> Sequence[Told]:
        return []


async def test_a_reader_that_was_let_go_tells_those_who_come_next_no_gap(redis: Redis, database: Database) -> None:
    channel = DeafChannel(redis, time_factor=0)
    hub = Hub(channel, Unchanging(), LiveArrivals(database.read, system_clock))
    for _ in range(3):
        with hub.following([TRIP]):
            assert await hub.ready()
            await asyncio.sleep(0)
    with hub.following([TRIP]) as follower:
        assert await hub.ready()
        for number in range(5):
            await channel.tell([(TRIP, "position", (MONDAY_MORNING + timedelta(seconds=number)).isoformat(), {"n": number})])
            await asyncio.wait_for(follower.woken.wait(), 5)
            told = follower.take(hub.shown)
            assert (follower.lost(), b'"n":%d' % number in told) == (None, True)
        await eventually(only_one_reads)
    await hub.close()


async def test_no_heartbeat_says_an_id_beyond_what_is_still_to_be_read(redis: Redis, database: Database) -> None:
    _, number, now_ms = await LiveChannel(redis).end()
    missed = [Entry((now_ms - 60_000, place), number + place, []) for place in range(1, MOST_READ + 1)]
    channel = StalledChannel(redis, missed)
    hub = Hub(channel, Unchanging(), LiveArrivals(database.read, system_clock))
    with hub.following([TRIP]):
        await asyncio.wait_for(channel.is_asked_again.wait(), 5)
        position = hub.position()
    await hub.close()

    assert position == hub.shown(missed[-1].id)


async def only_one_reads() -> bool:
    return [task.get_name() for task in asyncio.all_tasks()].count("live-reader") == 1
