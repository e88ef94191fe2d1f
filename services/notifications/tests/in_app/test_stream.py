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
from sqlalchemy import text

from services.notifications.in_app import stream
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


async def until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    """The lines as far as this one, with it."""
    async for line in lines:
        yield line
        if line == last:
            return


async def test_stream_on_which_nothing_comes_is_kept_open_by_a_comment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "QUIET_S", 0.05)
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(base_url=api.url) as client,
        client.stream("GET", f"{PATH}/stream", headers=api.headers) as response,
    ):
        lines = response.aiter_lines()
        told = [await anext(lines) for _ in range(6)]

    assert told[:2] == ["event: count", 'data: {"unread": 0}']
    assert told[-2:] == [": still here", ""]
    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")


async def test_stream_waits_where_the_newest_items_are_gone(
    api: Api, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, "A", "B", "C")
    async with database.unit_of_work() as session:
        await InboxRepository(session).change([DRIVER], Change(read=True), MONDAY_MORNING, through=2)
        await session.execute(text("DELETE FROM in_app_items WHERE seq <= 2"))
    monkeypatch.setattr(stream, "QUIET_S", 0.05)
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(base_url=api.url) as client,
        client.stream("GET", f"{PATH}/stream", headers=api.headers, params={"after": 0}) as response,
    ):
        lines = response.aiter_lines()
        told = [line async for line in until(lines, ": still here") if line.startswith("id: ")]
        await put(database, "D")
        told += [line async for line in until(lines, "id: 6") if line.startswith("id: ")]

    assert told == ["id: 0", "id: 3", "id: 6"]


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


async def test_item_that_was_read_before_its_reader_came_is_told_whole(api: Api, database: Database) -> None:
    await put(database, "Had")
    await put(database, "A", "B")
    async with database.unit_of_work() as session:
        inboxes = InboxRepository(session)
        found = {one.title: one.id for one in await inboxes.changed_after(DRIVER, 1, 2)}
        await inboxes.change([DRIVER], Change(read=True), MONDAY_MORNING, ids=[found["A"]])
    async with api.stream("1") as events:
        (unseen,), (read,) = await take(events, 1), await take(events, 1, "read")

    assert (unseen[1], unseen[2]["title"]) == ("3", "B")
    assert (read[1], read[2]["title"], read[2]["body"], read[2]["seq"]) == ("4", "A", "Look.", 2)


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
