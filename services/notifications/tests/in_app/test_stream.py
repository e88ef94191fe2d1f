"""Following an inbox over real connections: nothing missing, nothing twice, in order."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from redis.asyncio import Redis

from services.notifications.in_app.doorbell import MAX_STREAMS, ring
from services.notifications.in_app.repository import Change, InboxRepository
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.in_app.arrange import DRIVER, publish_push, told
from services.notifications.tests.in_app.test_inboxes import item
from services.notifications.tests.mail_server import MailServer
from shared.runtime.db import Database
from shared.testing.clock import MONDAY_MORNING
from shared.testing.http_server import serving, url_of
from shared.testing.messages import TaskRunner
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys

pytestmark = [pytest.mark.commits, pytest.mark.timeout(120)]
PATH: Final = f"/v1/people/{DRIVER}/in-app"
Event = tuple[str, str | None, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Api:
    """A running API, and the driver's token."""

    url: str
    headers: dict[str, str]

    @asynccontextmanager
    async def stream(self, last: str | None = None, **params: Any) -> AsyncIterator[AsyncIterator[Event]]:
        """The driver's stream: name, id and data of each event. Leaving ends the connection."""
        headers = self.headers if last is None else {**self.headers, "Last-Event-ID": last}
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=20) as client,
            client.stream("GET", f"{PATH}/stream", headers=headers, params=params) as response,
        ):
            assert response.status_code == 200, (await response.aread()).decode()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["event"], fields.get("id"), json.loads(fields["data"])
            fields = {}


@pytest_asyncio.fixture
async def api(app: FastAPI, signing_keys: SigningKeys) -> AsyncIterator[Api]:
    """The notifications API behind a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener):
            yield Api(url_of(listener), authorized(signing_keys))


def authorized(keys: SigningKeys) -> dict[str, str]:
    """The driver's own token."""
    return {"Authorization": f"Bearer {keys.token(subject=DRIVER)}"}


async def put(database: Database, *titles: str) -> None:
    """Put items into the inbox without a hint."""
    async with database.unit_of_work() as session:
        await InboxRepository(session).put([item(title) for title in titles], MONDAY_MORNING)


async def take(events: AsyncIterator[Event], count: int, kind: str = "item") -> list[Event]:
    """The next so many events of one kind."""
    found: list[Event] = []
    async with asyncio.timeout(20):
        async for event in events:
            if event[0] == kind:
                found.append(event)
            if len(found) == count:
                break
    return found


async def test_reader_who_is_cut_off_goes_on_where_it_was_at_another_process(
    processes: Processes, mail_server: MailServer, signing_keys: SigningKeys, database: Database, redis: Redis
) -> None:
    served = [processes.api("notifications", app=None, **mail_server.environment) for _ in range(2)]
    for process in served:
        await process.ready()
    apis = [Api(process.url, authorized(signing_keys)) for process in served]

    async def write() -> None:
        for number in range(60):
            await put(database, f"{number}")
            await ring(redis, [DRIVER])

    async def follow_in_pieces() -> list[str]:
        last, seen = "0", []
        for count, api in ((7, apis[0]), (20, apis[1]), (33, apis[0])):
            async with api.stream(last) as events:
                for _, number, data in await take(events, count):
                    seen.append(data["title"])
                    last = str(number)
        return seen

    async def follow() -> list[str]:
        async with apis[0].stream("0") as events:
            return [data["title"] for _, _, data in await take(events, 60)]

    whole, pieces, _ = await asyncio.gather(follow(), follow_in_pieces(), write())
    assert whole == pieces == [f"{number}" for number in range(60)]


async def test_changes_are_told_to_who_had_the_item_and_the_count_follows(api: Api, database: Database) -> None:
    await put(database, "A", "B")
    async with api.stream(after=0) as events:
        items = await take(events, 2)
        async with httpx.AsyncClient(base_url=api.url, headers=api.headers) as client:
            await client.post(f"{PATH}/{items[0][2]['id']}/read")
            await client.post(f"{PATH}/{items[1][2]['id']}/archive")
            read, archived = await take(events, 1, "read"), await take(events, 1, "archived")
            await client.post(f"{PATH}/{items[0][2]['id']}/unread")
            unread, count = await take(events, 1, "unread"), await take(events, 1, "count")

    assert [(one[1], one[2]["id"]) for one in (*read, *archived, *unread)] == [
        ("3", items[0][2]["id"]),
        ("4", items[1][2]["id"]),
        ("5", items[0][2]["id"]),
    ]
    assert count == [("count", None, {"unread": 1})]


async def test_new_reader_hears_the_count_and_what_comes_from_now_on(api: Api, database: Database, run_task: TaskRunner) -> None:
    await put(database, "Old")
    async with database.unit_of_work() as session:
        await know_person(session, DRIVER)
        await publish_push(session)
    async with api.stream() as events:
        (opening,) = await take(events, 1, "count")
        await run_task(told())
        ((_, number, data),) = await take(events, 1)

    assert opening == ("count", "1", {"unread": 1})
    assert (number, data["title"]) == ("2", "Trip T-2041 moved")


async def test_lost_hint_costs_some_seconds_and_no_item(api: Api, database: Database) -> None:
    async with api.stream() as events:
        await take(events, 1, "count")
        await put(database, "Nobody rang")
        ((_, _, data),) = await take(events, 1)

    assert data["title"] == "Nobody rang"


async def test_what_changed_while_nobody_followed_is_told_once_as_it_stands(api: Api, database: Database) -> None:
    await put(database, "A", "B")
    async with database.unit_of_work() as session:
        inboxes = InboxRepository(session)
        await inboxes.change([DRIVER], Change(read=True), MONDAY_MORNING, through=1)
        await inboxes.change([DRIVER], Change(archived=True), MONDAY_MORNING, through=1)
    async with api.stream("1") as events:
        (unseen,), (changed,) = await take(events, 1), await take(events, 1, "archived")

    assert (unseen[1], unseen[2]["title"], changed[1], changed[2]["seq"]) == ("2", "B", "4", 1)


async def test_number_beyond_the_inbox_counts_as_its_end(api: Api, database: Database) -> None:
    await put(database, "A")
    async with api.stream("9" * 30) as events:
        await take(events, 1, "count")
        await put(database, "B")
        ((_, number, data),) = await take(events, 1)

    assert (number, data["title"]) == ("2", "B")


async def test_person_follows_from_so_many_places_and_no_more(api: Api) -> None:
    async with asyncio.timeout(30):
        streams = [api.stream() for _ in range(MAX_STREAMS)]
        opened = [await stream.__aenter__() for stream in streams]
        for events in opened:
            await take(events, 1, "count")
        async with httpx.AsyncClient(base_url=api.url, headers=api.headers) as client:
            refused = await client.get(f"{PATH}/stream")
        for stream in streams:
            await stream.__aexit__(None, None, None)

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "too_many_streams", "30")
