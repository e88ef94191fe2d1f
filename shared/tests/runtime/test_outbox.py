"""Promises to send."""

import asyncio
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts import lanes
from shared.contracts.message import MAX_BODY_BYTES, Command, Contract
from shared.runtime.context import new_trace, traced
from shared.runtime.db import Database
from shared.runtime.outbox import MessageTooLarge, Publisher, publish
from shared.testing.database import FreshDatabase
from shared.testing.probe.contracts import ProbeHappened, RecordProbe

LATER = datetime(2099, 1, 1, tzinfo=UTC)


class Note(Command):
    contract: ClassVar = Contract("analytics.keep_note", (lanes.ANALYTICS_NORMAL, lanes.ANALYTICS_BATCH))

    text: str


async def _rows(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    return list(await connection.fetch("SELECT *, body::text AS text FROM outbox ORDER BY lane DESC, id"))


async def test_an_event_has_one_row_for_each_subscribing_lane(trips: Database, trips_owner: asyncpg.Connection) -> None:
    async with trips.unit_of_work() as session:
        event_id = publish(session, ProbeHappened(number=7))

    realtime, normal = await _rows(trips_owner)
    assert (realtime["lane"], normal["lane"]) == ("analytics.realtime", "analytics.normal")
    assert (realtime["event_id"], normal["event_id"]) == (event_id, event_id)
    assert len({event_id, realtime["id"], normal["id"]}) == 3
    assert (realtime["text"], normal["text"]) == ('{"number":7}', '{"number":7}')


async def test_an_event_may_be_sent_to_some_of_its_lanes(trips: Database, trips_owner: asyncpg.Connection) -> None:
    async with trips.unit_of_work() as session:
        publish(session, ProbeHappened(number=7), lanes=[lanes.ANALYTICS_REALTIME])

    assert [row["lane"] for row in await _rows(trips_owner)] == ["analytics.realtime"]


async def test_a_command_travels_on_its_first_lane_under_its_own_id(trips: Database, trips_owner: asyncpg.Connection) -> None:
    trace = new_trace("order-7")
    with traced(trace):
        async with trips.unit_of_work() as session:
            first = Publisher(session).publish(Note(text="a"))
            second = Publisher(session).publish(Note(text="b"), lane=lanes.ANALYTICS_BATCH, due_at=LATER)

    one, other = await _rows(trips_owner)
    assert (one["id"], one["lane"], one["event_id"], one["correlation_id"]) == (first, "analytics.normal", None, "order-7")
    assert (one["name"], one["traceparent"], one["due_at"]) == ("analytics.keep_note", trace.traceparent, one["occurred_at"])
    assert (other["id"], other["lane"], other["due_at"]) == (second, "analytics.batch", LATER)


async def test_a_savepoint_that_is_rolled_back_takes_its_messages_along(trips: Database, trips_owner: asyncpg.Connection) -> None:
    async with trips.unit_of_work() as session:
        publish(session, RecordProbe(number=1))
        outer = await session.begin_nested()
        publish(session, RecordProbe(number=2))
        async with session.begin_nested():
            publish(session, RecordProbe(number=3))
        await outer.rollback()
        async with session.begin_nested():
            publish(session, RecordProbe(number=4))

    bodies = sorted(row["text"] for row in await _rows(trips_owner))
    assert bodies == ['{"number":1,"behave":"ok"}', '{"number":4,"behave":"ok"}']


async def test_a_unit_of_work_that_fails_sends_nothing(fresh: FreshDatabase, trips_owner: asyncpg.Connection) -> None:
    woken: list[bool] = []

    async def wake() -> None:
        woken.append(True)

    database = Database(fresh.url("trips"), name="test", on_publish=wake)

    async def fail() -> None:
        async with database.unit_of_work() as session:
            publish(session, RecordProbe(number=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.unit_of_work():
        pass
    await database.close()

    assert await _rows(trips_owner) == []
    assert woken == []


async def test_the_relay_is_woken_after_the_commit(fresh: FreshDatabase, trips_owner: asyncpg.Connection) -> None:
    seen: list[int] = []

    async def wake() -> None:
        seen.append(len(await _rows(trips_owner)))

    database = Database(fresh.url("trips"), name="test", on_publish=wake)
    async with database.unit_of_work() as session:
        publish(session, RecordProbe(number=1))
        publish(session, RecordProbe(number=2))
    await database.close()

    assert seen == [2]


@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_body_beyond_64_kb_is_refused_with_what_to_do(
    trips: Database, trips_owner: asyncpg.Connection, letter: str
) -> None:
    fits = (MAX_BODY_BYTES - len('{"text":""}')) // len(letter.encode())

    async with trips.unit_of_work() as session:
        publish(session, Note(text=letter * fits))
        with pytest.raises(MessageTooLarge, match=r"keep_note: the body has \d+ bytes, at most 65536 travel; send an id instead"):
            publish(session, Note(text=letter * (fits + 1)))

    assert [len(row["text"]) for row in await _rows(trips_owner)] == [fits + len('{"text":""}')]


async def test_a_lane_that_the_contract_does_not_have_is_refused(trips: Database, trips_owner: asyncpg.Connection) -> None:
    async with trips.unit_of_work() as session:
        with pytest.raises(ValueError, match=r"does not travel on analytics\.backup; its lanes are analytics\.normal, analytics"):
            publish(session, Note(text="a"), lane=lanes.ANALYTICS_BACKUP)

    assert await _rows(trips_owner) == []


async def test_a_time_without_a_zone_is_refused_where_it_is_given(trips: Database, trips_owner: asyncpg.Connection) -> None:
    async with trips.unit_of_work() as session:
        with pytest.raises(ValueError, match=r"due_at is 2099-01-01 00:00:00 without a time zone; give it one"):
            publish(session, Note(text="a"), due_at=LATER.replace(tzinfo=None))

    assert await _rows(trips_owner) == []


@pytest.mark.parametrize(("message", "rows"), [(RecordProbe(number=1), 1), (ProbeHappened(number=1), 2)])
async def test_publishing_twice_under_one_id_is_publishing_once(
    trips: Database, trips_owner: asyncpg.Connection, message: RecordProbe | ProbeHappened, rows: int
) -> None:
    message_id = uuid4()

    async def send() -> UUID:
        async with trips.unit_of_work() as session:
            return publish(session, message, message_id=message_id)

    assert list(await asyncio.gather(send(), send(), send())) == [message_id] * 3
    assert len(await _rows(trips_owner)) == rows
