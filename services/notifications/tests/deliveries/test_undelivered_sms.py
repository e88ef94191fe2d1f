"""An SMS that its provider has taken and could not deliver for now: sent again, as often as the reason allows, and not once it
has arrived after all."""

import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.callback_apply import CallbackApply
from services.notifications.settings import NotificationsSettings
from services.notifications.suppressions.service import Suppressing
from services.notifications.tests.callbacks.arrange import HASHER, NUMBER, PLAIN, store
from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import CancelMessages, SendSms
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

SMS = SendSms(to_phone=NUMBER, body="3 days late.", requester=ALERT, subject_key="orders.order:7")


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"sms_provider": "twilio"})


async def told(session: Session, delivery_id: UUID, attempt: int, status: str, code: int | None = None) -> None:
    """Twilio's call-back about an attempt."""
    [sid] = [one.provider_message_id for one in (await delivery(session, delivery_id)).timeline if one.number == attempt]
    event: dict[str, Any] = {"MessageSid": sid, "MessageStatus": status, "To": NUMBER, "ref": str(delivery_id)}
    event |= {"ErrorCode": str(code)} if code is not None else {}
    key = await store(session, "twilio", json.dumps(event).encode(), at=system_clock())
    await CallbackApply(session, Suppressing(session, HASHER, system_clock), HASHER, PLAIN, None, system_clock).apply([key])


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
