"""notifications.queue_daily_digests where there are many: page by page, and whatever happens between two pages."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.digests.digest_queue import PAGE, DigestQueue, digest_id
from services.notifications.digests.repository import DigestRepository
from services.notifications.digests.window_repository import WindowRepository
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.digests.arrange import collected
from services.notifications.tests.digests.test_queueing import EIGHT_IN_INDIA, TODAY, asked_for
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest
from shared.runtime import outbox
from shared.runtime.clock import system_clock
from shared.runtime.context import new_trace
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import Publisher, publish
from shared.testing.messages import published
from shared.testing.process import Processes
from shared.testing.wait import eventually

_ASKED: Final = text("""
    SELECT id FROM outbox WHERE name = 'notifications.send_daily_digest'
    UNION SELECT id FROM inbox WHERE name = 'notifications.send_daily_digest'
""")
_POLICY: Final = """
    INSERT INTO organization_policies (organization_id, revision, time_zone, updated_at, updated_by)
    VALUES (:id, 1, :zone, now(), 'ann')
"""


def _received(message: QueueDailyDigests) -> Received[QueueDailyDigests]:
    lane = message.contract.lanes[0].name
    return Received(uuid7(), message, 1, EIGHT_IN_INDIA, "notifications", lane, new_trace())


def many(count: int, *, kind: str = "trips.driver", zone: str | None = "Asia/Kolkata", organization: UUID | None = None) -> Any:
    """So many people, of whom there may be something to say where they drive."""
    return text("""
        INSERT INTO people (reference, organization_id, email, time_zone, entity_version, revision, updated_at)
        SELECT :kind || ':' || number, :organization, 'd@example.com', :zone, 1, 1, now()
          FROM generate_series(1, CAST(:count AS int)) AS number
    """).bindparams(kind=kind, count=count, zone=zone, organization=organization)


async def look(session: Session, slot: datetime = EIGHT_IN_INDIA, page: int = 10) -> int:
    """Deliver a slot's message, with pages of this size; how many were asked for."""
    repositories = DigestRepository(session), WindowRepository(session)
    digests = DigestQueue(*repositories, Publisher(session), system_clock, page=page)
    count = await digests.queue(_received(QueueDailyDigests(slot=slot)))
    await outbox.write_pending(session)
    return count


async def next_slots(session: Session) -> list[datetime | None]:
    """The slots whose messages were asked for."""
    return [one.slot for one in await published(session, QueueDailyDigests)]


async def test_many_people_are_looked_at_page_by_page_and_each_is_asked_for_once(session: Session) -> None:
    await session.execute(many(25))
    asked = [await look(session) for _ in range(4)]

    assert asked == [10, 10, 5, 0]
    assert sorted(await asked_for(session)) == sorted((f"trips.driver:{number}", TODAY) for number in range(1, 26))
    assert await next_slots(session) == [EIGHT_IN_INDIA] * 2


async def test_page_is_as_long_as_it_is_though_nobody_in_it_is_due(session: Session) -> None:
    await session.execute(many(25, kind="payments.customer"))
    await collected(session, person="payments.customer:25")

    # In the order of their references: 1, 10, 11, …, 25, …
    assert [await look(session) for _ in range(3)] == [0, 1, 0]


async def test_later_slot_carries_a_look_on_whose_message_was_lost_and_then_looks_itself(session: Session) -> None:
    later = EIGHT_IN_INDIA + timedelta(minutes=30)
    await session.execute(many(25))
    await session.execute(many(12, kind="trips.dispatcher", zone="Asia/Karachi"))
    first = await look(session)
    asked = [await look(session, later) for _ in range(5)]

    assert (first, asked) == (10, [10, 5, 10, 2, 0])
    assert len(set(await asked_for(session))) == 37
    # The last page of either look is told by its being short.
    assert await next_slots(session) == [EIGHT_IN_INDIA, later, later, later]
    assert await look(session) == 0


async def test_people_without_a_zone_are_looked_at_by_their_organizations(session: Session) -> None:
    indian, plain, bare = UUID(int=1), UUID(int=2), UUID(int=3)
    for key, zone in ((indian, "Asia/Kolkata"), (plain, None)):
        await session.execute(text(_POLICY), {"id": key, "zone": zone})
    for number, (organization, zone) in enumerate(
        [(indian, None), (indian, "UTC"), (plain, None), (plain, "Asia/Kolkata"), (bare, None), (None, None), (None, "Mars/Base")]
    ):
        await know_person(session, f"trips.driver:{number}", organization_id=organization, time_zone=zone)
    await look(session, EIGHT_IN_INDIA)
    in_india = sorted(person for person, _ in await asked_for(session))
    await look(session, EIGHT_IN_INDIA.replace(hour=8, minute=0))

    elsewhere = sorted({person for person, _ in await asked_for(session)} - set(in_india))
    assert (in_india, elsewhere) == (
        ["trips.driver:0", "trips.driver:3"],
        ["trips.driver:1", "trips.driver:2", "trips.driver:4", "trips.driver:5", "trips.driver:6"],
    )


@pytest.mark.commits
async def test_messages_of_one_look_at_once_take_one_page_each(database: Database) -> None:
    async with database.unit_of_work() as session:
        await session.execute(many(50))

    async def take(slot: datetime) -> int:
        async with database.unit_of_work() as session:
            return await look(session, slot)

    first, later = await take(EIGHT_IN_INDIA), EIGHT_IN_INDIA + timedelta(minutes=15)
    asked = await asyncio.gather(*(take(slot) for slot in (EIGHT_IN_INDIA, later, EIGHT_IN_INDIA, later, later)))

    assert (first, sorted(asked)) == (10, [0, 10, 10, 10, 10])
    async with database.unit_of_work() as session:
        assert len(await asked_for(session)) == len(set(await asked_for(session))) == 50


@pytest.mark.commits
@pytest.mark.parametrize("name", ["worker.handled", "worker.before_commit", "worker.committed"])
async def test_everybody_is_asked_for_once_though_the_process_that_asks_is_killed(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path: Path, name: str
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    people = PAGE + 500
    async with database.unit_of_work() as session:
        await session.execute(many(people))
        publish(session, QueueDailyDigests(slot=EIGHT_IN_INDIA))
    faults = {"WAYBILL_FAILPOINTS": f"{name}=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    worker = processes.worker("notifications", "--concurrency", "1", **mail_server.environment, **faults)
    relay = processes.relay("notifications", program=None, **mail_server.environment)
    await asyncio.gather(worker.ready(), relay.ready())

    async def looked() -> bool:
        async with database.read() as reader:
            row = (await reader.execute(text("SELECT slot, until FROM digest_progress"))).one_or_none()
        return row is not None and tuple(row) == (EIGHT_IN_INDIA, None)

    await eventually(looked, 45, "the look did not come to its end")

    assert (fired / name).exists()
    async with database.read() as reader:
        asked = await reader.scalars(_ASKED)
        messages = [SendDailyDigest(to_person=f"trips.driver:{one}", digest_on=TODAY) for one in range(1, people + 1)]
        assert set(asked) == {digest_id(one) for one in messages}
