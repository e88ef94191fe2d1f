"""An SMS that its provider has taken and could not deliver for now: sent again, as often as the reason allows, and not once it
has arrived after all."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks.arrange import NUMBER, applying_of, store
from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import CancelMessages, SendSms
from shared.contracts.retry import RetryPolicy
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

SMS = SendSms(to_phone=NUMBER, body="3 days late.", requester=ALERT, subject_key="orders.order:7")


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"sms_provider": "twilio"})


async def put(session: Session, delivery_id: UUID, sid: str | None, status: str, code: int | None) -> UUID:
    """Twilio's call-back, which nobody has applied yet."""
    event: dict[str, Any] = {"MessageSid": sid, "MessageStatus": status, "To": NUMBER, "ref": str(delivery_id)}
    event |= {"ErrorCode": str(code)} if code is not None else {}
    return await store(session, "twilio", json.dumps(event).encode(), at=system_clock())


async def applied(session: Session, event: UUID) -> None:
    await applying_of(session, system_clock).apply([event])


async def told(session: Session, delivery_id: UUID, attempt: int, status: str, code: int | None = None) -> None:
    """Twilio's call-back about an attempt."""
    [sid] = [one.provider_message_id for one in (await delivery(session, delivery_id)).timeline if one.number == attempt]
    await applied(session, await put(session, delivery_id, sid, status, code))


async def waits_min(session: Session, delivery_id: UUID) -> float | None:
    """Minutes until the message's turn comes; None where it has none."""
    due = "SELECT round(extract(epoch FROM due_at - now()) / 60) FROM inbox WHERE id = :id AND state = 2"
    found: float | None = await session.scalar(text(due), {"id": delivery_id})
    return found


async def kept(session: Session, delivery_id: UUID) -> bool:
    """Whether the message's body is still there."""
    return bool(await session.scalar(text("SELECT body IS NOT NULL FROM inbox WHERE id = :id"), {"id": delivery_id}))


async def received(server: MailServer) -> int:
    return int((await server.http.get("/sms/count")).json()["count"])


@pytest.mark.parametrize(("code", "waits"), [(30003, [30, 120]), (30008, [10])])
async def test_sms_that_could_not_be_delivered_is_sent_again_as_often_as_its_reason_allows(
    run_task: TaskRunner, session: Session, mail_server: MailServer, code: int, waits: list[float]
) -> None:
    first = await run_task(SMS)
    for number, wait in enumerate(waits, 1):
        for _ in range(2):
            await told(session, first.id, number, "undelivered", code)
        found = await delivery(session, first.id)
        assert (found.status, found.reason, await waits_min(session, first.id)) == ("queued", "undelivered", wait)
        await due_again(session, first.id)
        assert (await run_task(SMS, ids=[first.id])).outcome == "done"
    await told(session, first.id, len(waits) + 1, "undelivered", code)

    found = await delivery(session, first.id)
    assert (found.status, found.receipt, await waits_min(session, first.id)) == ("sent", "bounced_soft", None)
    assert attempts_of(found) == [(number, "accepted", 201, None) for number in range(1, len(waits) + 2)]
    assert (await received(mail_server), await kept(session, first.id)) == (len(waits) + 1, False)


async def test_second_report_that_is_lost_is_missed(run_task: TaskRunner, session: Session) -> None:
    first = await run_task(SMS)
    await told(session, first.id, 1, "undelivered", 30003)
    waiting = await delivery(session, first.id)
    await due_again(session, first.id)
    await run_task(SMS, ids=[first.id])
    for status in ("sent", "undelivered"):
        await told(session, first.id, 1, status, 30003)

    awaited = await session.scalar(text("SELECT awaited_since FROM deliveries WHERE id = :id"), {"id": first.id})
    found = await delivery(session, first.id)
    assert (waiting.receipt, found.receipt, found.receipt_at, awaited) == (None, None, None, found.finished_at)
    assert {one.kind for one in found.events} == {"undelivered", "sent"}
    # And where it comes, the text is still there to be sent a third time.
    await told(session, first.id, 2, "undelivered", 30003)
    assert await waits_min(session, first.id) == 120


async def test_sms_that_has_arrived_after_all_is_not_sent_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    first = await run_task(SMS)
    await told(session, first.id, 1, "undelivered", 30003)
    await told(session, first.id, 1, "delivered")
    again = await run_task(SMS, ids=[first.id])

    found = await delivery(session, first.id)
    assert (again.outcome, found.status, found.receipt, found.reason) == ("done", "sent", "delivered", None)
    assert (attempts_of(found), await received(mail_server)) == ([(1, "accepted", 201, None)], 1)


async def test_late_report_on_an_earlier_attempt_changes_nothing_of_the_newest(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    first = await run_task(SMS)
    await told(session, first.id, 1, "undelivered", 30003)
    await due_again(session, first.id)
    await run_task(SMS, ids=[first.id])
    await told(session, first.id, 1, "failed", 30003)

    assert ((await delivery(session, first.id)).status, await waits_min(session, first.id)) == ("sent", None)
    assert await received(mail_server) == 2


@pytest.mark.parametrize(
    ("status", "code", "stands", "waits", "is_kept"),
    [("undelivered", 30003, "queued", 30, True), ("delivered", None, "sent", None, False)],
)
async def test_report_that_comes_before_our_record_is_followed_once_that_is_there(
    run_task: TaskRunner, session: Session, status: str, code: int | None, stands: str, waits: int | None, is_kept: bool
) -> None:
    first = await run_task(SMS)
    # As it all stands between the call and its record.
    called = "UPDATE inbox SET state = 1, lease_token = gen_random_uuid(), due_at = now() + interval '1 minute' WHERE id = :id"
    await session.execute(text(called), {"id": first.id})
    await session.execute(text("UPDATE deliveries SET status = 'sending', finished_at = NULL WHERE id = :id"), {"id": first.id})
    await told(session, first.id, 1, status, code)
    [event] = await session.scalars(text("SELECT id FROM provider_events WHERE state = 'waiting'"))
    before = await kept(session, first.id)
    recorded = "UPDATE inbox SET state = 0, lease_token = NULL, due_at = NULL WHERE id = :id"
    await session.execute(text(recorded), {"id": first.id})
    await session.execute(text("UPDATE deliveries SET status = 'sent', finished_at = now() WHERE id = :id"), {"id": first.id})
    await applied(session, event)

    found = await delivery(session, first.id)
    assert (found.status, await waits_min(session, first.id)) == (stands, waits)
    assert (before, await kept(session, first.id)) == (True, is_kept)
    assert list(await session.scalars(text("SELECT state FROM provider_events"))) == ["applied"]


async def test_sms_whose_answer_was_lost_and_which_came_back_is_sent_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="twilio")
    first = await run_task(SMS)
    [taken] = (await mail_server.http.get("/sms")).json()["items"]
    event = await put(session, first.id, taken["provider_id"], "undelivered", 30003)
    await applied(session, event)
    settled = await run_task(SMS, ids=[first.id])
    await applied(session, event)

    found = await delivery(session, first.id)
    assert (first.outcome, settled.outcome, attempts_of(found)) == ("retry", "done", [(1, "accepted", None, None)])
    assert (found.status, found.reason, await waits_min(session, first.id)) == ("queued", "undelivered", 30)
    assert await received(mail_server) == 1


async def test_sms_that_was_given_up_without_an_answer_and_came_back_is_sent_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="twilio")
    given_up = await run_task(SMS.model_copy(update={"retry": RetryPolicy(max_retries=0)}))
    [taken] = (await mail_server.http.get("/sms")).json()["items"]
    event = await put(session, given_up.id, taken["provider_id"], "undelivered", 30003)
    await applied(session, event)
    settled = await run_task(SMS, ids=[given_up.id])
    await applied(session, event)

    found = await delivery(session, given_up.id)
    assert (given_up.outcome, settled.outcome, found.status, found.reason) == ("dead", "done", "queued", "undelivered")
    assert await waits_min(session, given_up.id) == 30


@pytest.mark.parametrize("code", [30005, 30007, None])
async def test_sms_that_cannot_be_delivered_is_not_sent_again_and_its_text_is_forgotten(
    run_task: TaskRunner, session: Session, code: int | None
) -> None:
    first = await run_task(SMS)
    before = await kept(session, first.id)
    await told(session, first.id, 1, "undelivered" if code else "delivered", code)

    assert ((await delivery(session, first.id)).status, await waits_min(session, first.id)) == ("sent", None)
    assert (before, await kept(session, first.id)) == (True, False)


async def test_what_is_cancelled_while_it_waits_to_be_sent_again_is_dropped(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    first = await run_task(SMS)
    await told(session, first.id, 1, "undelivered", 30003)
    await run_task(CancelMessages(subject_key="orders.order:7"), source="payments")
    await due_again(session, first.id)
    await run_task(SMS, ids=[first.id])

    found = await delivery(session, first.id)
    assert (found.status, found.reason, await received(mail_server)) == ("dropped", "cancelled", 1)
