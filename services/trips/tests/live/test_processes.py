"""Following trips over several processes that are killed, and readers who do not read."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from services.trips.live.channel import LiveChannel, Told
from services.trips.tests.fleet import OURS, Fleet
from services.trips.tests.live.followers import Event, following
from services.trips.tests.positions.arrange import HERE, device
from shared.runtime.http.event_stream import EventStreamResponse
from shared.testing.clock import MONDAY_MORNING
from shared.testing.http_server import serving
from shared.testing.process import ApiProcess, Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

pytestmark = [pytest.mark.commits, pytest.mark.timeout(120)]
PLACES: Final = 30
TRIP: Final = "019a9f5e-1c00-7e21-b7c4-90ab12cd34ef"
OTHER_TRIP: Final = "019a9f5e-1c00-7e21-b7c4-90ab12cd34f0"


async def test_follower_who_outlives_an_api_misses_nothing_and_gets_nothing_twice(
    processes: Processes, fleet: Fleet, signing_keys: SigningKeys, redis: Redis
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    token = (await device(fleet, (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]))["token"]
    apis = [processes.api("trips") for _ in range(2)]
    for api in apis:
        await api.ready()
    headers = {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS)}"}
    path, seen, last = f"/v1/trips/{trip_id}/live", [], None

    async def drive() -> None:
        """Report to the process that stays, slowly enough for each place to be told."""
        async with httpx.AsyncClient(base_url=apis[1].url, headers={"Authorization": f"Bearer {token}"}) as client:
            for number in range(PLACES):
                sent: dict[str, Any] = {"recorded_at": _now(), "latitude": HERE[0] + number / 100_000, "longitude": HERE[1]}
                assert (await client.post("/v1/positions", json=sent)).is_success
                if number == PLACES // 2:
                    await fleet.step(trip_id, "at_pickup")
                await eventually(partial(_is_told, redis, trip_id, sent["recorded_at"]), every_s=0.005)

    async with following(apis[0].url, path, headers) as stream:
        await stream.until("snapshot")
        driving = asyncio.create_task(drive())
        await stream.until("position", 5)
        apis[0].kill9()
        seen, last = stream.seen, stream.last_id
    apis[0].restart()
    await apis[0].ready()
    for api, count in ((apis[1], 3), (apis[0], None)):
        async with following(api.url, path, headers, last=last) as stream:
            if count is None:
                await driving
                await stream.until_said(f"{HERE[0] + (PLACES - 1) / 100_000:.5f}")
                if "status" not in {one.name for one in (*seen, *stream.seen)}:
                    await stream.until("status")
            else:
                await stream.until("position", count)
            seen, last = seen + stream.seen, stream.last_id

    assert {one.name for one in seen[1:]} == {"position", "status"}
    told = [round((one.data["latitude"] - HERE[0]) * 100_000) for one in seen if one.name == "position"]
    assert told == list(range(PLACES))
    assert [one.data["status"] for one in seen if one.name == "status"] == ["at_pickup"]


async def _is_told(redis: Redis, trip_id: str, recorded_at: str) -> bool:
    return recorded_at.partition("+")[0] in str(await redis.xrevrange(f"live:trips:trip:{trip_id}", count=2))


async def test_place_that_a_dead_process_has_acknowledged_and_not_told_is_told_once(
    processes: Processes, fleet: Fleet, signing_keys: SigningKeys
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    token = (await device(fleet, (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]))["token"]
    dies, stays = processes.api("trips", WAYBILL_FAILPOINTS="live.before_tell=kill"), processes.api("trips")
    for api in (dies, stays):
        await api.ready()
    headers = {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS)}"}
    path = f"/v1/trips/{trip_id}/live"

    async def report(api: ApiProcess, number: int) -> None:
        sent = {"recorded_at": _now(), "latitude": HERE[0] + number / 100_000, "longitude": HERE[1]}
        async with httpx.AsyncClient(base_url=api.url, headers={"Authorization": f"Bearer {token}"}) as client:
            assert (await client.post("/v1/positions", json=sent)).is_success

    async with following(dies.url, path, headers) as cut, following(stays.url, path, headers) as kept:
        for stream in (cut, kept):
            await stream.until("snapshot")
        await report(stays, 1)
        await cut.until("position")
        await report(dies, 2)
        await dies.gone()
        async with following(stays.url, path, headers, last=cut.last_id) as again:
            await again.until("position")
            await report(stays, 3)
            for stream, count in ((again, 1), (kept, 3)):
                await stream.until("position", count)

    assert [_number(one) for one in again.seen] == [2, 3]
    assert [_number(one) for one in kept.seen if one.name == "position"] == [1, 2, 3]


def _number(event: Event) -> int:
    return round((float(event.data["latitude"]) - HERE[0]) * 100_000)


async def test_a_place_is_told_once_and_the_next_one_not_before_its_time_whoever_tells_them(redis: Redis) -> None:
    one, other = LiveChannel(redis, time_factor=100), LiveChannel(redis, time_factor=100)
    begin, _, _ = await one.end()
    told = await one.tell([place(TRIP, 1)])
    (wait_s,) = await other.tell([place(TRIP, 2)])
    again = await other.tell([place(TRIP, 1), place(OTHER_TRIP, 2)])

    assert (told, again) == ([0], [0, 0])
    assert 0 < wait_s <= 50
    assert [event.trip_id for event in await one.since([TRIP, OTHER_TRIP], begin) or []] == [TRIP, OTHER_TRIP]


def place(trip_id: str, number: int) -> Told:
    """What is told of a trip, a millisecond after the one before."""
    moment = MONDAY_MORNING + timedelta(milliseconds=number)
    return trip_id, "position", moment.isoformat(), {"n": number}


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def test_reader_who_takes_nothing_is_let_go() -> None:
    cut = asyncio.Event()
    app = FastAPI()

    @app.get("/")
    async def flood() -> EventStreamResponse:
        async def frames() -> Any:
            while True:
                yield b": " + b"x" * 65_000 + b"\n\n"

        return EventStreamResponse(frames(), send_timeout_s=0.2, on_cut_off=cut.set)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener):
            reader = socket.create_connection(listener.getsockname())
            reader.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.wait_for(cut.wait(), 20)
            await asyncio.sleep(0)
            reader.setblocking(False)
            async with asyncio.timeout(10):
                while await asyncio.get_running_loop().sock_recv(reader, 2**20):
                    continue
            reader.close()


async def test_what_is_kept_of_a_trip_is_bounded_and_an_id_before_it_is_unknown(redis: Redis) -> None:
    channel, trip = LiveChannel(redis, time_factor=0), TRIP
    begin, _, _ = await channel.end()
    for number in range(1500):
        await channel.tell([place(trip, number)])
    end, count, _ = await channel.end()

    assert count == 1500
    assert (await channel.since([trip], begin), await channel.since([trip], end)) == (None, [])
    assert 1200 <= await redis.xlen(f"live:trips:trip:{trip}") < 1500
    assert await redis.ttl(f"live:trips:trip:{trip}") > timedelta(minutes=14).total_seconds()
