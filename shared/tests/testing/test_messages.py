"""Publishing and delivering messages in tests goes through JSON, the outbox and the inbox."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from shared.contracts.alerts import EvaluateShipment, QueuePendingEmails
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import DeliveryFinished, SendEmail
from shared.runtime.broker import receipts_key
from shared.runtime.db import Database, Session
from shared.runtime.errors import Dropped, Permanent, Transient
from shared.runtime.ids import uuid7
from shared.runtime.inbox.delivery import Received
from shared.runtime.inbox.handlers import LightHandler
from shared.runtime.outbox import publish
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published

SHIPMENT = EvaluateShipment(shipment_id=UUID(int=7))


@pytest.fixture
def service() -> str:
    return "alerts"


def email(to_email: str) -> SendEmail:
    return SendEmail(to_email=to_email, subject="Late", body="Your shipment is late.")


async def test_published_messages_are_found_before_and_after_their_unit_of_work(session: Session, app_database: Database) -> None:
    async with app_database.unit_of_work() as unit:
        publish(unit, email("written@example.com"))
    publish(session, email("buffered@example.com"), lane=NOTIFICATIONS_URGENT)

    assert [message.to_email for message in await published(session, SendEmail)] == [
        "written@example.com",
        "buffered@example.com",
    ]
    assert (await outbox_of(session))[1].lanes == ("notifications.urgent",)


@pytest.mark.commits
async def test_published_messages_are_found_through_a_database(app_database: Database) -> None:
    async with app_database.unit_of_work() as unit:
        publish(unit, email("a@example.com"))

    assert await assert_published(app_database, SendEmail, to_email="a@example.com") == email("a@example.com")


async def test_assertion_on_another_value_lists_what_was_published(session: Session) -> None:
    publish(session, email("a@example.com"))

    with pytest.raises(AssertionError, match=r"found 0; published:\n.*to_email='a@example\.com'"):
        await assert_published(session, SendEmail, to_email="b@example.com")
    with pytest.raises(AssertionError, match="SendEmail has no field recipient"):
        await assert_published(session, SendEmail, recipient="a@example.com")
    with pytest.raises(AssertionError, match=r"notifications\.send_email .*a@example\.com"):
        await assert_nothing_published(session)


async def test_nothing_published_may_mean_some_types_only(session: Session) -> None:
    await assert_nothing_published(session)
    publish(session, email("a@example.com"))

    await assert_nothing_published(session, DeliveryFinished, QueuePendingEmails)


async def test_message_of_a_rolled_back_savepoint_was_not_published(session: Session) -> None:
    savepoint = await session.begin_nested()
    publish(session, email("a@example.com"))
    await savepoint.rollback()

    await assert_nothing_published(session)


async def test_handler_gets_the_message_through_json_and_its_answer_is_read_back(run_task: TaskRunner) -> None:
    seen: list[Received[EvaluateShipment]] = []

    async def handle(_: Session, received: Sequence[Received[EvaluateShipment]]) -> Sequence[Any]:
        seen.extend(received)
        return [{"fired": None, "reason": "not late"}]

    handled = await run_task(SHIPMENT, handler=LightHandler(EvaluateShipment, handle), source="analytics")

    assert (handled.outcome, handled.attempt, handled.result) == ("done", 1, {"fired": None, "reason": "not late"})
    assert (seen[0].message, seen[0].source, seen[0].lane) == (SHIPMENT, "analytics", "alerts.evaluation")
    assert seen[0].message is not SHIPMENT


async def test_message_delivered_twice_is_carried_out_once(run_task: TaskRunner, redis: Redis) -> None:
    calls: list[UUID] = []

    async def handle(_: Session, received: Sequence[Received[QueuePendingEmails]]) -> None:
        calls.extend(one.id for one in received)

    handler, message_id = LightHandler(QueuePendingEmails, handle), uuid7()
    first = await run_task(QueuePendingEmails(), ids=[message_id], handler=handler, source="analytics")
    again = await run_task(QueuePendingEmails(), ids=[message_id], handler=handler, source="analytics", redelivered=True)

    assert (first.carried_out, again.carried_out, again.outcome, calls) == (True, False, "done", [message_id])
    assert await redis.llen(receipts_key("analytics")) == 2


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Transient("later"), "retry"), (Permanent("never"), "dead"), (Dropped("pointless"), "dropped"), (KeyError("bug"), "retry")],
)
async def test_refusals_of_a_handler_become_outcomes_and_undo_its_writes(
    run_task: TaskRunner, session: Session, error: Exception, outcome: str
) -> None:
    async def handle(unit: Session, _: Sequence[Received[QueuePendingEmails]]) -> None:
        publish(unit, email("a@example.com"))
        await unit.execute(text("INSERT INTO lane_pauses (lane, reason, paused_by) VALUES ('x', 'x', 'x')"))
        raise error

    handled = await run_task(QueuePendingEmails(), handler=LightHandler(QueuePendingEmails, handle))

    assert handled.outcome == outcome
    await assert_nothing_published(session)
    assert await session.scalar(text("SELECT count(*) FROM lane_pauses")) == 0


@pytest.mark.commits
async def test_batch_is_handled_together_on_a_database_that_commits(run_task: TaskRunner, app_database: Database) -> None:
    sizes: list[int] = []
    facts = {"requester": "alerts.alert:1", "status": "sent", "retries": 0, "finished_at": "2026-03-02T09:00Z"}
    finished = [DeliveryFinished.model_validate({"delivery_id": uuid7(), **facts}) for _ in range(3)]

    async def handle(_: Session, received: Sequence[Received[DeliveryFinished]]) -> None:
        sizes.append(len(received))

    handled = await run_task.run(finished, handler=LightHandler(DeliveryFinished, handle))

    assert ([one.outcome for one in handled], sizes) == (["done"] * 3, [3])
    async with app_database.read() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM inbox WHERE state = 0")) == 3


async def test_message_without_a_handler_is_named(run_task: TaskRunner) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"worker of alerts has no handler for notifications\.send_email"):
        await run_task(email("a@example.com"), lane=NOTIFICATIONS_URGENT)
