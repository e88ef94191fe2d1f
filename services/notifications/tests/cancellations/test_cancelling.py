"""`notifications.cancel_messages`: what was asked for before is not sent, what is asked for afterwards is."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import (
    ALERT,
    attempts_of,
    delivery,
    due_again,
    email,
    publish_template,
    templated,
)
from services.notifications.tests.mail_server import MailServer
from services.notifications.tests.scripted_server import SILENCE, ScriptedServer
from shared.contracts.notifications import CancelMessages, DeliveryDelayed, DeliveryFinished, SendEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.process import ProcessRuntime
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.wait import eventually

NOON: Final = datetime.now(UTC) - timedelta(hours=1)
"""When all began: not long ago, because words of long ago are forgotten."""
MINUTE: Final = timedelta(minutes=1)
RESOLVED: Final = "cancelled: the alert was resolved"


def cancel(key: str = ALERT, reason: str | None = "the alert was resolved") -> CancelMessages:
    return CancelMessages(subject_key=key, reason=reason)


def about(key: str = ALERT, **fields: Any) -> SendEmail:
    return email(subject_key=key, **fields)


async def due_in_s(session: Session, message_id: UUID) -> float:
    """Seconds until the message's turn comes."""
    found: float = await session.scalar(
        text("SELECT extract(epoch FROM due_at - now())::float8 FROM inbox WHERE id = :id"), {"id": message_id}
    )
    return found


async def test_mail_that_was_asked_for_before_is_dropped_and_its_requester_told(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await run_task(cancel(), occurred_at=NOON)
    earlier, same_moment, later, other = await asyncio.gather(
        *(
            run_task(about(key), occurred_at=at)
            for key, at in [(ALERT, NOON - MINUTE), (ALERT, NOON), (ALERT, NOON + MINUTE), ("another", NOON - MINUTE)]
        )
    )

    assert [one.outcome for one in (earlier, same_moment, later, other)] == ["dropped", "dropped", "done", "done"]
    found = await delivery(session, earlier.id)
    assert (earlier.error, found.status, found.error, found.timeline) == (RESOLVED, "dropped", RESOLVED, [])
    assert found.cancelled_at == NOON
    assert len(await mail_server.mails()) == 2
    await assert_published(session, DeliveryFinished, delivery_id=earlier.id, status="dropped", error=RESOLVED)


async def test_moment_that_a_cancellation_names_counts_and_not_its_own(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await run_task(cancel().model_copy(update={"before": NOON + MINUTE}), occurred_at=NOON)
    covered = [await run_task(about(), occurred_at=at) for at in (NOON + MINUTE / 2, NOON + MINUTE, NOON + 2 * MINUTE)]

    assert [one.outcome for one in covered] == ["dropped", "dropped", "done"]
    assert (await delivery(session, covered[0].id)).cancelled_at == NOON + MINUTE
    assert len(await mail_server.mails()) == 1


async def test_mail_that_waits_for_a_retry_is_dropped_at_once_and_its_message_ends_by_itself(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id, policy = uuid7(), RetryPolicy(base_s=300, jitter=False)
    await mail_server.faults({"action": "451", "times": 1})
    await run_task(about(retry=policy), ids=[message_id], occurred_at=NOON)
    assert await due_in_s(session, message_id) > 200
    await run_task(cancel(), occurred_at=NOON + MINUTE)

    found = await delivery(session, message_id)
    assert (found.status, found.error, found.cancelled_at) == ("dropped", RESOLVED, NOON + MINUTE)
    assert attempts_of(found) == [(1, "transient", 451, "4.3.0")]
    await assert_published(session, DeliveryFinished, delivery_id=message_id, status="dropped", retries=0, error=RESOLVED)
    assert await due_in_s(session, message_id) <= 0

    ended = await run_task(about(retry=policy), ids=[message_id], occurred_at=NOON)
    assert (ended.outcome, ended.error, await mail_server.mails()) == ("dropped", RESOLVED, [])
    await assert_published(session, DeliveryFinished)


async def test_mail_that_was_sent_stays_sent(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    sent = await run_task(about(), occurred_at=NOON)
    await run_task(cancel(), occurred_at=NOON + MINUTE)

    found = await delivery(session, sent.id)
    assert (found.status, found.cancelled_at, len(await mail_server.mails())) == ("sent", None, 1)
    await assert_published(session, DeliveryFinished, status="sent")


async def test_cancelling_twice_is_cancelling_once(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    message_id, waiting = uuid7(), uuid7()
    await mail_server.faults({"action": "451", "times": 1})
    await run_task(about(), ids=[waiting], occurred_at=NOON)
    message: CancelMessages = cancel()
    first = await run_task(message, ids=[message_id], occurred_at=NOON + MINUTE)
    again = await run_task(message, ids=[message_id], occurred_at=NOON + MINUTE, redelivered=True)
    anew = await run_task(cancel(reason="again"), occurred_at=NOON + 2 * MINUTE)

    assert (first.carried_out, again.carried_out, anew.outcome) == (True, False, "done")
    assert (await delivery(session, waiting)).error == RESOLVED
    await assert_published(session, DeliveryFinished, delivery_id=waiting, status="dropped", error=RESOLVED)


async def test_newest_word_counts_in_whatever_order_words_arrive(run_task: TaskRunner, session: Session) -> None:
    await run_task.run([cancel(reason="second"), cancel(reason="third")], occurred_at=NOON + MINUTE)
    await run_task(cancel(reason="first"), occurred_at=NOON)

    between = await run_task(about(), occurred_at=NOON + MINUTE / 2)
    assert between.outcome == "dropped"
    assert await session.scalar(text("SELECT count(*) FROM cancellations")) == 1
    assert (await delivery(session, between.id)).cancelled_at == NOON + MINUTE


async def test_cancelling_what_nobody_has_asked_for_does_nothing(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task.run([cancel("a\x00"), cancel("b" * 200, reason=None)])

    assert [one.outcome for one in handled] == ["done", "done"]
    await assert_nothing_published(session)


async def test_reason_may_be_left_out_and_a_key_may_hold_anything(run_task: TaskRunner, mail_server: MailServer) -> None:
    await run_task(cancel("order\x00 7'", reason=None), occurred_at=NOON)
    handled = await run_task(about("order\x00 7'"), occurred_at=NOON)

    assert (handled.outcome, handled.error, await mail_server.mails()) == ("dropped", "cancelled: it is no longer needed", [])


async def test_templated_mail_that_waits_leaves_no_text_behind(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await publish_template(session)
    await mail_server.faults({"action": "451", "times": 1})
    waiting = await run_task(templated(subject_key=ALERT), occurred_at=NOON)
    assert await session.scalar(text("SELECT count(*) FROM delivery_texts")) == 1
    await run_task(cancel(), occurred_at=NOON + MINUTE)

    assert (await delivery(session, waiting.id)).status == "dropped"
    assert await session.scalar(text("SELECT count(*) FROM delivery_texts")) == 0


async def test_mail_of_a_vanished_process_is_dropped_with_its_fate_unknown(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "451", "times": 1})
    await run_task(about(), ids=[message_id], occurred_at=NOON)
    await session.execute(text("UPDATE inbox SET state = 1, lease_token = gen_random_uuid(), lease_owner = 'x'"))
    await session.execute(text("UPDATE deliveries SET status = 'sending', attempts = 2"))
    await session.execute(text("INSERT INTO delivery_attempts SELECT id, 2, 'smtp', now() FROM deliveries"))
    await run_task(cancel(), occurred_at=NOON + MINUTE)
    assert (await delivery(session, message_id)).status == "sending"
    await due_again(session, message_id)
    ended = await run_task(about(), ids=[message_id], occurred_at=NOON, redelivered=True)

    found = await delivery(session, message_id)
    assert (ended.outcome, found.status, found.error) == ("dropped", "dropped", RESOLVED)
    assert attempts_of(found) == [(1, "transient", 451, "4.3.0"), (2, "unknown", None, None)]
    assert await mail_server.mails() == []
    await assert_published(session, DeliveryFinished, status="dropped", error=RESOLVED)


@pytest.fixture
def silent(settings: NotificationsSettings, script: ScriptedServer, worker_runtime: ProcessRuntime) -> ScriptedServer:
    """A mail server that does not answer the first RCPT, and a worker that waits 2.5 s for it."""
    script.say("RCPT", SILENCE)
    worker_runtime.settings = settings.model_copy(update={"smtp_port": script.port, "time_factor": 0.1})
    return script


@pytest.mark.commits
async def test_mail_that_is_cancelled_during_a_call_that_fails_does_not_wait_for_its_retry(
    run_task: TaskRunner, database: Database, owner: asyncpg.Connection, silent: ScriptedServer
) -> None:
    message_id = uuid7()
    sending = asyncio.create_task(run_task(about(), ids=[message_id], occurred_at=NOON))
    await eventually(lambda: silent.count("RCPT"))
    await run_task(cancel(), occurred_at=NOON + MINUTE)
    async with database.read() as session:
        assert (await delivery(session, message_id)).status == "sending"
    outcome = (await sending).outcome

    async with database.read() as session:
        found = await delivery(session, message_id)
    assert (outcome, found.status, found.error, found.retries) == ("retry", "dropped", RESOLVED, 0)
    assert attempts_of(found) == [(1, "transient", None, None)]
    assert [one.status for one in await published(database, DeliveryFinished)] == ["dropped"]
    await assert_nothing_published(database, DeliveryDelayed)
    assert await owner.fetchval("SELECT due_at <= now() FROM inbox WHERE id = $1", message_id)


@pytest.mark.commits
async def test_old_words_are_forgotten_and_newer_ones_kept(
    run_task: TaskRunner, owner: asyncpg.Connection, mail_server: MailServer
) -> None:
    now: datetime = await owner.fetchval("SELECT now()")
    await run_task(cancel("old"), occurred_at=now - timedelta(days=31))
    await run_task(cancel("new"), occurred_at=now - timedelta(days=29))

    assert [row[0] for row in await owner.fetch("SELECT subject_key FROM cancellations")] == ["new"]
    assert await mail_server.mails() == []


@pytest.mark.commits
async def test_cancellation_beside_attempts_that_fail_leaves_none_waiting_and_tells_of_each_once(
    run_task: TaskRunner, owner: asyncpg.Connection, database: Database, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "451"})
    batches = [[about(f"{batch}", to=f"{one}@example.com") for one in range(5)] for batch in range(8)]
    sends = [run_task.run(batch, occurred_at=NOON) for batch in batches]
    words = [run_task.run([cancel(f"{batch}") for batch in range(8)], occurred_at=NOON + MINUTE) for _ in range(2)]
    await asyncio.gather(*sends[:4], words[0], *sends[4:], words[1])

    assert await owner.fetch("SELECT status, count(*) FROM deliveries GROUP BY 1") == [("dropped", 40)]
    told = await published(database, DeliveryFinished)
    assert (len(told), {one.status for one in told}, len({one.delivery_id for one in told})) == (40, {"dropped"}, 40)
    assert await owner.fetchval("SELECT count(*) FROM inbox WHERE state = 2 AND due_at > now()") == 0
