"""`notifications.send_email` from its message to the mailbox, over a real mail server and a real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import DeliveriesEnded, DeliveryFinished, SendEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of


async def test_message_becomes_one_mail_one_delivery_and_one_event(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    message = email(to_name="Ann Müller", body_html="<p>3 days.</p>", organization_id=UUID(int=5), subject_key=ALERT)
    handled = await run_task(message, source="alerts")

    mail, found = await mail_server.newest("ann@example.com"), await delivery(session, handled.id)
    assert (handled.outcome, found.status, found.retries, found.finished_at) == ("done", "sent", 0, clock())
    assert (found.to_address, found.subject, found.organization_id) == ("ann@example.com", "Late", UUID(int=5))
    assert attempts_of(found) == [(1, "accepted", 250, "2.0.0")]
    assert (found.timeline[0].provider, found.timeline[0].latency_ms is not None) == ("smtp", True)
    assert mail["Message-ID"] == found.message_id_header == f"<{handled.id}@example.com>"
    assert (mail["From"], mail["X-Entity-Ref-ID"]) == ("Waybill <waybill@example.com>", str(handled.id))
    await assert_published(
        session,
        DeliveryFinished,
        delivery_id=handled.id,
        requester=ALERT,
        status="sent",
        retries=0,
        finished_at=clock(),
        error=None,
    )
    (ended,) = (await assert_published(session, DeliveriesEnded, ended_at=clock())).ended
    assert (ended.organization_id, ended.channel, ended.status, ended.count) == (UUID(int=5), "email", "sent", 1)


async def test_mail_that_goes_out_at_once_changes_in_no_index_of_deliveries(run_task: TaskRunner, session: Session) -> None:
    handled = await run_task.run([email(f"{number}@example.com", subject_key="order:7") for number in range(3)])

    changed = await session.execute(
        text("""
            SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
              FROM pg_class WHERE oid = CAST('deliveries' AS regclass)
        """)
    )
    assert [one.outcome for one in handled] == ["done"] * 3
    assert tuple(changed.one()) == (3, 3)


async def test_message_that_comes_twice_is_sent_once(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    message: SendEmail = email()
    message_id = uuid7()
    first = await run_task(message, ids=[message_id])
    again = await run_task(message, ids=[message_id], redelivered=True)

    assert (first.carried_out, again.carried_out, len(await mail_server.mails())) == (True, False, 1)
    await assert_published(session, DeliveryFinished)


async def test_message_that_the_inbox_has_forgotten_is_still_sent_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await run_task(email(), ids=[message_id])
    await session.execute(text("DELETE FROM inbox"))

    again = await run_task(email(), ids=[message_id])

    found = await delivery(session, message_id)
    assert (again.outcome, again.error, found.status) == ("dropped", "it was sent or dropped before", "sent")
    assert (len(await mail_server.mails()), len(found.timeline)) == (1, 1)
    await assert_published(session, DeliveryFinished, status="sent")


async def test_refused_recipient_fails_at_once_and_the_others_of_the_batch_get_theirs(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"match": "gone@example.com", "action": "550"})
    handled = await run_task.run([email("gone@example.com"), email(), email("bob@example.com")])

    found = await delivery(session, handled[0].id)
    assert [one.outcome for one in handled] == ["dead", "done", "done"]
    assert (found.status, found.error, attempts_of(found)) == (
        "failed",
        "550 5.1.1 No such mailbox",
        [(1, "bad_recipient", 550, "5.1.1")],
    )
    assert len(await mail_server.mails()) == 2
    await assert_published(session, DeliveryFinished, status="failed", retries=0, error="550 5.1.1 No such mailbox")
    assert await session.scalar(text("SELECT reason FROM dead_letters")) == "bad_recipient"


async def test_transient_refusal_is_tried_again_with_the_same_message_id(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "451", "times": 1})

    first = await run_task(email(), ids=[message_id])
    waiting = await delivery(session, message_id)
    assert (first.outcome, waiting.status, waiting.error, waiting.finished_at) == (
        "retry",
        "queued",
        "451 4.3.0 Local error in processing, try again later",
        None,
    )
    await assert_nothing_published(session, DeliveryFinished)
    await due_again(session, message_id)
    second = await run_task(email(), ids=[message_id])

    found = await delivery(session, message_id)
    assert (second.outcome, found.status, found.retries, found.error) == ("done", "sent", 1, None)
    assert attempts_of(found) == [(1, "transient", 451, "4.3.0"), (2, "accepted", 250, "2.0.0")]
    await assert_published(session, DeliveryFinished, status="sent", retries=1)


async def test_senders_policy_decides_when_retries_are_used_up(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "451"})
    handled = await run_task(email(retry=RetryPolicy(max_retries=0)))

    assert handled.outcome == "dead"
    await assert_published(session, DeliveryFinished, status="failed")
    assert await session.scalar(text("SELECT reason FROM dead_letters")) == "retries_exhausted"


@pytest.mark.parametrize(("lane", "waits_s"), [(None, 600), (NOTIFICATIONS_URGENT, 0)])
async def test_mail_of_unknown_fate_goes_out_again_under_the_same_message_id(
    run_task: TaskRunner, session: Session, mail_server: MailServer, lane: Any, waits_s: int
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "disconnect_after_data", "times": 1})
    await run_task(email(), ids=[message_id], lane=lane)
    waited = await session.scalar(text("SELECT extract(epoch FROM due_at - now()) FROM inbox"))
    await due_again(session, message_id)
    await run_task(email(), ids=[message_id], lane=lane)

    mails = await mail_server.mails()
    assert waits_s <= waited <= waits_s + 30
    assert [mail["message_id"] for mail in mails] == [f"<{message_id}@example.com>"] * 2
    assert attempts_of(await delivery(session, message_id)) == [(1, "unknown", None, None), (2, "accepted", 250, "2.0.0")]


async def test_throttling_costs_no_try_and_ends_after_a_day(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    message_id, asked_at = uuid7(), clock()
    await mail_server.faults({"action": "421"})
    for _ in range(5):
        await run_task(email(), ids=[message_id], occurred_at=asked_at)
        await due_again(session, message_id)
    waiting = await delivery(session, message_id)
    assert (waiting.status, waiting.retries, len(waiting.timeline)) == ("queued", 0, 5)
    clock.advance(timedelta(hours=25))
    last = await run_task(email(), ids=[message_id], occurred_at=asked_at)

    found = await delivery(session, message_id)
    assert (last.outcome, found.status, found.retries) == ("dead", "failed", 0)
    await assert_published(session, DeliveryFinished, status="failed", retries=0)


async def test_message_that_is_too_late_is_dropped_without_an_attempt(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    handled = await run_task(email(valid_until=clock() - timedelta(seconds=1)))

    found = await delivery(session, handled.id)
    assert (handled.outcome, found.status, found.error, found.timeline) == ("dropped", "dropped", "valid_until has passed", [])
    assert await mail_server.mails() == []
    await assert_published(session, DeliveryFinished, status="dropped", error="valid_until has passed")


async def test_address_that_cannot_be_used_fails_without_an_attempt(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    bad, ours, good = await run_task.run([email("a>b@example.com"), email("ann@localhost"), email()])

    found = await delivery(session, bad.id)
    assert (bad.outcome, ours.outcome, good.outcome, found.status, found.timeline) == ("dead", "dead", "done", "failed", [])
    assert len(await mail_server.mails()) == 1
    await assert_published(session, DeliveryFinished, delivery_id=bad.id, status="failed")


async def test_what_a_client_writes_into_the_texts_breaks_nothing(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message = email(
        subject="a\r\nBcc: all@example.com\x00", body="x\x00y", to_name="A\x00\nB", subject_key="k\x00", requester="alerts.a:\x00"
    )
    handled = await run_task.run([message, email()])

    found, mail = await delivery(session, handled[0].id), (await mail_server.mails())[-1]
    assert [one.outcome for one in handled] == ["done", "done"]
    assert (found.subject, found.subject_key) == ("a Bcc: all@example.com", "k")
    assert mail["envelope"]["rcpt_to"] == ["ann@example.com"]


@pytest.mark.parametrize(("requester", "lanes"), [(ALERT, ("alerts.default",)), ("payments.invoice:1", None), (None, None)])
async def test_only_a_service_that_asked_and_listens_is_told(
    run_task: TaskRunner, session: Session, requester: str | None, lanes: tuple[str, ...] | None
) -> None:
    await run_task(email(requester=requester))

    told = [one.lanes for one in await outbox_of(session) if one.name == DeliveryFinished.contract.name]
    assert told == ([lanes] if lanes else [])


async def test_dead_letter_that_is_replayed_reopens_its_delivery(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "550", "enhanced": "5.7.1", "times": 1})
    await run_task(email(), ids=[message_id])
    await session.execute(text("UPDATE inbox SET state = 3, attempt = 0, due_at = now() WHERE id = :id"), {"id": message_id})

    replayed = await run_task(email(), ids=[message_id])

    found = await delivery(session, message_id)
    assert (replayed.outcome, found.status, found.error) == ("done", "sent", None)
    assert attempts_of(found) == [(1, "blocked", 550, "5.7.1"), (2, "accepted", 250, "2.0.0")]
    await assert_published(session, DeliveryFinished, status="failed")
    await assert_published(session, DeliveryFinished, status="sent")


async def test_address_that_does_not_exist_is_never_written_to_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "550", "times": 1})
    await run_task(email())

    again = await run_task(email("Ann@EXAMPLE.com", subject="Another"))

    found = await delivery(session, again.id)
    assert (again.outcome, found.status, found.reason, found.timeline) == ("dropped", "dropped", "suppressed", [])
    assert [(one.kind, one.code) for one in found.events] == [("skipped", "suppressed")]
    assert found.error == "on the suppression list: messages to the recipient have come back for good"
    assert await mail_server.mails() == []
