"""Redis or PostgreSQL away while points come and a trip is followed: nothing lost that was acknowledged, and no gap."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from services.trips.tests.fleet import OURS, Fleet
from services.trips.tests.live.followers import Stream, following
from services.trips.tests.positions.arrange import HERE, device
from shared.runtime.http.problems import MEDIA_TYPE
from shared.testing.database import FreshDatabase
from shared.testing.process import Processes
from shared.testing.proxy import FaultProxy
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

pytestmark = [pytest.mark.commits, pytest.mark.timeout(120)]
PROBLEM: Final = b"a problem"
STRANGER: Final = {"Authorization": f"Bearer wbd_{'0' * 43}"}
BEGIN: Final = datetime.now(UTC) - timedelta(minutes=30)


@dataclass(slots=True)
class Phones:
    """Devices of three protocols. One drives the followed trip; as a phone does, it sends each place until it is taken.

    taken: how many of its places were acknowledged, which are 0.01 m apart. refused: with which statuses they were not.
    """

    api: httpx.AsyncClient
    token: str
    osmand: str
    owntracks: str
    identifier: str
    has_arrived: bool = False
    taken: int = 0
    refused: set[int] = field(default_factory=set)

    async def ask(self, number: int) -> list[tuple[int, bytes]]:
        """What each protocol answers to a new point, and to a device that it does not know: status and body."""
        at = BEGIN + timedelta(seconds=number)
        stamp = int(at.timestamp())
        query = f"id={self.identifier}&lat={HERE[0]}&lon={HERE[1]}&timestamp={stamp}"
        location = {"location": {"timestamp": at.isoformat(), "coords": {"latitude": HERE[0], "longitude": HERE[1]}}}
        report = {"_type": "location", "lat": HERE[0], "lon": HERE[1], "tst": stamp, "topic": "owntracks/ravi/phone"}
        basic = [base64.b64encode(f"ravi:{token}".encode()).decode() for token in (self.owntracks, "guessed")]
        answers = [
            await self.api.post(f"/osmand/{self.osmand}?{query}"),
            await self.api.post("/pub", json=report, headers={"Authorization": f"Basic {basic[0]}"}),
            await self.api.post("/osmand?id=stranger&lat=1&lon=1"),
            await self.api.post("/osmand", json=location | {"device_id": "stranger"}),
            await self.api.post("/pub", json=report, headers={"Authorization": f"Basic {basic[1]}"}),
            await self.api.post("/v1/positions", json={}, headers=STRANGER),
        ]
        return [(answer.status_code, PROBLEM if _is_problem(answer) else answer.content) for answer in answers]

    @asynccontextmanager
    async def driving(self) -> AsyncIterator[None]:
        """Report one place after the other, until the last one is taken."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._drive())
            try:
                yield
            finally:
                self.has_arrived = True

    async def until_taken(self, more: int) -> int:
        """Wait until so many further places were acknowledged; how many there are."""
        wanted = self.taken + more
        await eventually(lambda: self.taken >= wanted, 20)
        return self.taken

    def last(self) -> str:
        """What is said of the newest place that was acknowledged."""
        return f"'latitude': {latitude(self.taken - 1)},"

    async def _drive(self) -> None:
        while not self.has_arrived:
            sent = {"recorded_at": datetime.now(UTC).isoformat(), "latitude": latitude(self.taken), "longitude": HERE[1]}
            while not (answer := await self._own(sent)).is_success:
                self.refused.add(answer.status_code)
            self.taken += 1

    async def _own(self, sent: dict[str, Any]) -> httpx.Response:
        return await self.api.post("/v1/positions", json=sent, headers={"Authorization": f"Bearer {self.token}"})


def latitude(number: int) -> float:
    """Of the place with this number."""
    return round(HERE[0] + number / 10_000_000, 7)


def _is_problem(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("content-type") == MEDIA_TYPE)


async def phones_of(fleet: Fleet, trip_id: str, api: httpx.AsyncClient) -> Phones:
    """The trip's own device, and two others."""
    vehicle_id = (await fleet.ok("GET", f"/v1/trips/{trip_id}"))["vehicle_id"]
    own, osmand = await device(fleet, vehicle_id), await device(fleet, protocol="osmand")
    owntracks = await device(fleet, protocol="owntracks", identifier="ravi/phone")
    return Phones(api, own["token"], osmand["token"], owntracks["token"], osmand["identifier"])


def through(proxy: FaultProxy, url: str) -> str:
    """The same server by way of the proxy."""
    return url.replace(f":{urlsplit(url).port}/", f":{proxy.port}/")


async def kept(owner: asyncpg.Connection) -> list[int]:
    """The numbers of the followed vehicle's places, in the order of time."""
    rows = await owner.fetch("SELECT latitude FROM positions WHERE source = 'api' ORDER BY recorded_at")
    return [round((row["latitude"] - HERE[0]) * 10_000_000) for row in rows]


def places(stream: Stream) -> list[int]:
    """The numbers of the places that a follower was told."""
    told = [one.data["latitude"] for one in stream.seen if one.name == "position"]
    return [round((one - HERE[0]) * 10_000_000) for one in told]


def statuses(stream: Stream) -> list[str]:
    """The steps that a follower was told."""
    return [one.data["status"] for one in stream.seen if one.name == "status"]


def followed(signing_keys: SigningKeys) -> dict[str, str]:
    """Who follows."""
    return {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS)}"}


ANSWERS: Final = [(200, b""), (200, b"[]"), (400, b""), (404, b""), (401, b"[]"), (401, PROBLEM)]


async def test_while_redis_is_away_points_are_taken_and_then_followers_get_the_newest_and_every_status(
    processes: Processes, fleet: Fleet, signing_keys: SigningKeys, broker_url: str, owner: asyncpg.Connection
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    path, headers = f"/v1/trips/{trip_id}/live", followed(signing_keys)
    async with FaultProxy(urlsplit(broker_url).port or 0) as redis:
        api = processes.api("trips", REDIS_URL=through(redis, broker_url))
        await api.ready()
        async with httpx.AsyncClient(base_url=api.url) as sending, following(api.url, path, headers) as stream:
            phones = await phones_of(fleet, trip_id, sending)
            answers = [await phones.ask(0)]
            async with phones.driving():
                await stream.until("position")
                last = stream.last_id
                await redis.refuse()
                redis.reset()
                answers.append(await phones.ask(1))
                await phones.until_taken(20)
                await fleet.step(trip_id, "at_pickup")
                await stream.until("status")
                away = await phones.until_taken(1)
                await redis.accept()
                await phones.until_taken(20)
            await stream.until_said(phones.last())
            async with following(api.url, path, headers, last=last) as again:
                await again.until_said(phones.last())

    assert answers == [ANSWERS, ANSWERS]
    assert (phones.refused, await kept(owner)) == (set(), list(range(phones.taken)))
    for one in (stream, again):
        assert places(one) == sorted(set(places(one))), "no place comes twice, and none goes back"
        assert (statuses(one), places(one)[-1] >= away) == (["at_pickup"], True)
    assert {one.name for one in again.seen} == {"position", "status"}, "what was missed is known, so there is no new snapshot"


async def test_while_postgresql_is_away_points_are_refused_to_come_again_and_streams_go_on_after_it(
    processes: Processes, fleet: Fleet, fresh: FreshDatabase, signing_keys: SigningKeys, owner: asyncpg.Connection
) -> None:
    trip_id = await fleet.assigned()
    await fleet.drive(trip_id, "en_route_pickup")
    path, headers = f"/v1/trips/{trip_id}/live", followed(signing_keys)
    async with FaultProxy(fresh.address.port) as database:
        api = processes.api("trips", DATABASE_URL=through(database, fresh.url("trips")))
        await api.ready()
        async with httpx.AsyncClient(base_url=api.url, timeout=20) as sending, following(api.url, path, headers) as stream:
            phones = await phones_of(fleet, trip_id, sending)
            answers = [await phones.ask(0)]
            async with phones.driving():
                await stream.until("position")
                await database.refuse()
                database.reset()
                answers.append(await phones.ask(1))
                await eventually(lambda: bool(phones.refused), 20)
                away = phones.taken
                await fleet.step(trip_id, "at_pickup")
                await database.accept()
                await phones.until_taken(20)
            answers.append(await phones.ask(1))
            await stream.until_said(phones.last())

    assert (answers[0], answers[2]) == (ANSWERS, ANSWERS)
    assert answers[1] == [(503, body) for body in (b"", b"[]", b"", b"", b"[]", PROBLEM)]
    assert (phones.refused, await kept(owner)) == ({503}, list(range(phones.taken)))
    assert places(stream) == sorted(set(places(stream)))
    assert (statuses(stream), places(stream)[-1] > away) == (["at_pickup"], True)
    assert [one.name for one in stream.seen].count("snapshot") == 1
