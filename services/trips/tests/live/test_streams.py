"""Following trips over real connections: nothing missing, nothing twice, in order."""

import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from redis.asyncio import Redis

from services.trips.live.arrivals import LiveArrivals
from services.trips.live.channel import LiveChannel
from services.trips.live.hub import Hub
from services.trips.live.statuses import TripStatuses
from services.trips.tests.fleet import OURS, THEIRS, Fleet
from services.trips.tests.live.followers import following
from services.trips.tests.positions.arrange import HERE, POSITIONS, point, reporter, update
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.http_server import serving, url_of
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

pytestmark = [pytest.mark.commits, pytest.mark.timeout(120)]


@dataclass(frozen=True, slots=True)
class Road:
    """A trip that is driven, behind a socket: who reports for it, and who may follow it."""

    url: str
    trip_id: str
    device: ApiClient
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """Where it is followed."""
        return f"/v1/trips/{self.trip_id}/live"

    async def drive(self, *metres: float) -> None:
        """Report places, a second after each other."""
        for north in metres:
            answer = await self.device.post(POSITIONS, json=point(-north, north_m=north))
            assert answer.is_success, answer.text


@pytest_asyncio.fixture
async def road(app: FastAPI, fleet: Fleet, client: ApiClient, signing_keys: SigningKeys) -> AsyncIterator[Road]:
    """A trip whose driver has set out."""
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    device, _ = await reporter(fleet, client, vehicle_id)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener):
            headers = {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS)}"}
            yield Road(url_of(listener), trip_id, device, headers)


def north_of(event: Any) -> int:
    """How far north of the usual place an event says that the vehicle is, in metres."""
    return round((float(event.data["latitude"]) - 19.0544) * 111_195)


async def told_of(redis: Redis, trip_id: str, count: int) -> bool:
    """Whether so many events of a trip have been told."""
    return int(await redis.xlen(f"live:trips:trip:{trip_id}")) == count


async def test_follower_sees_how_the_trip_stands_and_then_what_becomes_of_it(road: Road, fleet: Fleet) -> None:
    await road.drive(1)
    async with following(road.url, road.path, road.headers) as stream:
        (snapshot,) = await stream.until("snapshot")
        await road.drive(2)
        (position,) = await stream.until("position")
        await fleet.step(road.trip_id, "at_pickup")
        (status,) = await stream.until("status")

    (trip,) = snapshot.data["trips"]
    assert (trip["status"], trip["position"]["recorded_at"]) == ("en_route_pickup", "2026-03-02T09:00:01Z")
    assert [one["status"] for one in trip["history"]][-1] == "en_route_pickup"
    assert (north_of(position), position.data["trip_id"]) == (2, road.trip_id)
    assert (status.data["status"], status.data["previous_status"]) == ("at_pickup", "en_route_pickup")
    assert status.data["version"] == trip["version"] + 1
    assert not {"passenger_name", "pickup", "customer"} & {*trip, *status.data}


async def test_who_comes_again_gets_what_was_missed_once_and_in_order(road: Road, fleet: Fleet, redis: Redis) -> None:
    async with following(road.url, road.path, road.headers) as stream:
        await stream.until("snapshot")
        await road.drive(1)
        await stream.until("position")
        last = stream.last_id
    await road.drive(2)
    await eventually(lambda: told_of(redis, road.trip_id, 2))
    await fleet.step(road.trip_id, "at_pickup")
    async with following(road.url, road.path, road.headers, last=last) as stream:
        await stream.until("status")
        await road.drive(3)
        await stream.until("position")
        whole, last = list(stream.seen), stream.last_id
    async with following(road.url, road.path, road.headers, last=last) as stream:
        await fleet.step(road.trip_id, "onboard")
        (status,) = await stream.until("status")

    assert [north_of(one) for one in whole if one.name == "position"] == [2, 3]
    assert [one.data["status"] for one in whole if one.name == "status"] == ["at_pickup"]
    assert [one.name for one in stream.seen] == ["status"]
    assert status.data["status"] == "onboard"


async def test_followers_see_thirty_days_to_the_second(road: Road, database: Database, clock: FrozenClock) -> None:
    await road.drive(1)
    statuses, seen = TripStatuses(database.read, clock), []
    for seconds in (1, 2):
        clock.set(MONDAY_MORNING + timedelta(days=30, seconds=seconds))
        (trip,) = (await statuses.snapshot([road.trip_id])).trips
        seen.append((trip["position"] is not None, len(await statuses.places({road.trip_id: None}))))

    assert seen == [(True, 1), (False, 0)]


async def test_unknown_id_begins_anew(road: Road, redis: Redis) -> None:
    async with following(road.url, road.path, road.headers) as stream:
        await stream.until("snapshot")
        last = stream.last_id
    epoch = str(last).partition(".")[0]
    for unknown in ("nonsense", "00000000.1-0", f"{epoch}.9999999999999-0"):
        async with following(road.url, road.path, road.headers, last=unknown) as stream:
            await stream.until("snapshot")
            assert [one.name for one in stream.seen] == ["reset", "snapshot"]
    await redis.flushall()
    async with following(road.url, road.path, road.headers, last=last) as stream:
        await stream.until("snapshot")
        (reset, _) = stream.seen
        await road.drive(1)
        await stream.until("position")

    assert reset.data == {"reason": "unknown_id"}


async def test_broker_that_loses_everything_costs_a_new_beginning_and_no_status(road: Road, fleet: Fleet, redis: Redis) -> None:
    async with following(road.url, road.path, road.headers) as stream:
        await stream.until("snapshot")
        await road.drive(1)
        await stream.until("position")
        await redis.flushall()
        await road.drive(2)
        await fleet.step(road.trip_id, "at_pickup")
        await stream.until_said("'status': 'at_pickup'")

    told = [one for one in stream.seen if one.name == "status" and one.data["status"] == "at_pickup"]
    shown = [one for one in stream.seen if one.name == "snapshot" and one.data["trips"][0]["status"] == "at_pickup"]
    assert len(told) + len(shown) == 1
    assert "reset" in {one.name for one in stream.seen}


async def test_a_status_that_redis_takes_for_told_is_told_all_the_same(road: Road, fleet: Fleet, redis: Redis) -> None:
    async with following(road.url, road.path, road.headers) as stream:
        (snapshot,) = await stream.until("snapshot")
        # As a process does that begins to watch after the step, and Redis does not remember the trip.
        await redis.delete(f"live:trips:version:{road.trip_id}")
        await LiveChannel(redis).tell_statuses(road.trip_id, snapshot.data["trips"][0]["version"] + 1, {})
        await fleet.step(road.trip_id, "at_pickup")
        await stream.until("status")
        await fleet.step(road.trip_id, "onboard")
        await stream.until("status")

    assert [one.data["status"] for one in stream.seen if one.name == "status"] == ["at_pickup", "onboard"]


async def test_redis_remembers_what_was_told_of_a_trip_as_long_as_somebody_follows_it(
    fleet: Fleet, redis: Redis, database: Database
) -> None:
    trip_id = await fleet.assigned()
    key = f"live:trips:version:{trip_id}"
    arrivals = LiveArrivals(database.read, system_clock)
    hub = Hub(LiveChannel(redis), TripStatuses(database.read, system_clock), arrivals, time_factor=0.001)
    with hub.following([trip_id]):
        await hub.ready()
        await hub.watch([trip_id])
        told = await redis.get(key)
        await redis.expire(key, 60)
        await eventually(lambda: lives_for(redis, key, 3000))
        await redis.delete(key)
        await eventually(lambda: lives_for(redis, key, 3000))
    await hub.close()

    assert await redis.get(key) == told


async def lives_for(redis: Redis, key: str, seconds: int) -> bool:
    """Whether Redis keeps it for longer."""
    return int(await redis.ttl(key)) > seconds


async def test_several_trips_share_a_stream_and_one_that_is_not_ones_own_is_none(
    road: Road, fleet: Fleet, signing_keys: SigningKeys
) -> None:
    other = await fleet.assigned(15)
    both = f"{road.trip_id},{other}"
    async with following(road.url, "/v1/live", road.headers, trips=both) as stream:
        (snapshot,) = await stream.until("snapshot")
        await fleet.drive(other, "accepted")
        await road.drive(1)
        (status,) = await stream.until("status")
    foreign = {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=THEIRS)}"}
    async with httpx.AsyncClient(base_url=road.url) as client:
        refused = [
            await client.get("/v1/live", params={"trips": both}, headers=foreign),
            await client.get(road.path, headers=foreign),
            await client.get("/v1/live", params={"trips": "x"}, headers=road.headers),
            await client.get(road.path),
        ]

    assert {one["trip_id"] for one in snapshot.data["trips"]} == {road.trip_id, other}
    assert status.data["trip_id"] == other
    assert [one.status_code for one in refused] == [404, 404, 404, 401]


async def test_places_that_come_by_message_faster_than_they_are_told_end_with_the_newest(
    road: Road, run_task: TaskRunner
) -> None:
    async with following(road.url, road.path, road.headers) as stream:
        await stream.until("snapshot")
        began = time.monotonic()
        for second in range(10):
            assert (await run_task(update(road.trip_id, -second, latitude=HERE[0] + second / 100_000))).outcome == "done"
        await stream.until_said(f"{HERE[0] + 9 / 100_000:.5f}")
        halves = (time.monotonic() - began) / 0.5

    told = [one.data["recorded_at"] for one in stream.seen if one.name == "position"]
    assert told == sorted(set(told))
    assert len(told) <= halves + 1


async def test_followers_are_told_when_the_vehicle_is_expected_until_it_is_there(
    road: Road, fleet: Fleet, clock: FrozenClock
) -> None:
    link = (await fleet.ok("POST", f"/v1/trips/{road.trip_id}/share-links"))["path"]
    await road.device.post(POSITIONS, json=point(0, north_m=1800))
    clock.advance(timedelta(minutes=1))
    async with following(road.url, road.path, road.headers) as stream:
        (expected,) = await stream.until("eta")
        async with following(road.url, f"{link}/live") as anybodys:
            (shared,) = await anybodys.until("eta")
        asked = await fleet.ok("GET", f"/v1/trips/{road.trip_id}/eta")
        await fleet.step(road.trip_id, "at_pickup")
        (there,) = await stream.until("eta")

    assert shared == expected
    assert (expected.data["next_place"], expected.data["fix_age_s"], expected.id) == ("pickup", 60, None)
    for name in ("arrives_at", "earliest_at", "latest_at"):
        assert expected.data[name] == f"{asked['arrival'][name][:19]}Z"
    assert {name for name, value in there.data.items() if value is not None} == {"trip_id", "calculated_at"}


async def test_a_ticket_opens_one_stream_once(road: Road) -> None:
    async with httpx.AsyncClient(base_url=road.url) as client:
        ticket = (await client.post("/v1/live/tickets", headers=road.headers)).json()["ticket"]
        async with following(road.url, road.path, ticket=ticket) as stream:
            await stream.until("snapshot")
        again = await client.get(road.path, params={"ticket": ticket})

    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")


async def test_a_token_that_expires_ends_the_stream_and_says_so(
    road: Road, fleet: Fleet, clock: FrozenClock, signing_keys: SigningKeys
) -> None:
    token = signing_keys.token("viewer", organization_id=OURS)
    async with following(road.url, road.path, {"Authorization": f"Bearer {token}"}) as stream:
        await stream.until("snapshot")
        clock.advance(timedelta(days=3650))
        await fleet.step(road.trip_id, "at_pickup")
        await stream.until("expired")
        left = [event async for event in stream.events]

    assert ([one.name for one in stream.seen], left) == (["snapshot", "status", "expired"], [])
