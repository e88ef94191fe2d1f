"""Processes that stall, vanish or run out of time: nothing is recorded twice, and the timeline says what is known."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from services.notifications.tests.deliveries.arrange import attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryFinished
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.messages import TaskRunner, assert_published, published
from shared.testing.process import Processes
from shared.testing.wait import eventually


@pytest.mark.commits
async def test_whoever_has_lost_the_lease_records_nothing(
    run_task: TaskRunner, database: Database, owner: asyncpg.Connection, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "delay", "seconds": 2, "times": 1})
    stalled = asyncio.create_task(run_task(email(), ids=[message_id]))
    await mail_server.arrived(1)
    await owner.execute("UPDATE inbox SET lease_token = gen_random_uuid()")

    assert (await stalled).outcome == "leased"
    async with database.read() as session:
        assert (await delivery(session, message_id)).status == "sending"
    assert await published(database, DeliveryFinished) == []

    await owner.execute("UPDATE inbox SET due_at = now() - interval '1 second'")
    await run_task(email(), ids=[message_id], redelivered=True)
    async with database.read() as session:
        found = await delivery(session, message_id)
    assert attempts_of(found) == [(1, "unknown", None, None), (2, "accepted", 250, "2.0.0")]
    assert (found.status, found.retries, {mail["message_id"] for mail in await mail_server.mails()}) == (
        "sent",
        1,
        {found.message_id_header},
    )
    await assert_published(database, DeliveryFinished, status="sent", retries=1)


@pytest.mark.parametrize("claimed_before", [True, False])
async def test_message_that_kills_its_process_ends_as_failed(
    run_task: TaskRunner, session: Session, mail_server: MailServer, claimed_before: bool
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "451", "times": 1})
    await run_task(email(), ids=[message_id])
    if not claimed_before:
        await session.execute(text("DELETE FROM deliveries"))
    await session.execute(text("UPDATE inbox SET state = 1, crashes = 2, lease_token = gen_random_uuid()"))
    await due_again(session, message_id)

    dead = await run_task(email(), ids=[message_id], redelivered=True)

    found = await delivery(session, message_id)
    assert (dead.outcome, found.status, found.error) == ("dead", "failed", "its process vanished 3 times while handling it")
    assert attempts_of(found) == ([(1, "transient", 451, "4.3.0")] if claimed_before else [])
    assert await mail_server.mails() == []
    await assert_published(session, DeliveryFinished, status="failed", error=found.error)


@pytest.mark.commits
async def test_process_killed_after_the_servers_answer_sends_again_under_the_same_message_id(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fired = tmp_path_factory.mktemp("fired")
    faults = {"WAYBILL_FAILPOINTS": "effect.called=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    worker = processes.worker("notifications", **mail_server.environment, **faults)
    # Without the schedule, whose messages would meet the failpoint first.
    without = ("shared.testing.probe.relay", "notifications")
    relay = processes.relay("notifications", program=without, **mail_server.environment)
    await asyncio.gather(worker.ready(), relay.ready())
    async with database.unit_of_work() as session:
        message_id = publish(session, email())

    await eventually(lambda: published(database, DeliveryFinished), 40, "the delivery did not end")

    async with database.read() as reader:
        found = await delivery(reader, message_id)
    assert (found.status, attempts_of(found)) == ("sent", [(1, "unknown", None, None), (2, "accepted", 250, "2.0.0")])
    assert [mail["message_id"] for mail in await mail_server.mails()] == [found.message_id_header] * 2
