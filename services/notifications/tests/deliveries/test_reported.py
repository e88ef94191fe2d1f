"""A message whose call got no answer, and of which the provider reports: it is sent, and not sent again."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.callback_apply import CallbackApply
from services.notifications.settings import NotificationsSettings
from services.notifications.suppressions.service import Suppressing
from services.notifications.tests.callbacks.arrange import HASHER, NUMBER, PLAIN, store
from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.message import Message
from shared.contracts.notifications import DeliveryFinished, SendSms
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, published

_DELIVERY: Final = text("""
    INSERT INTO deliveries (id, channel, to_address, address_hash, subject, status, message_id_header, attempts, requester,
                            subject_key, created_at, asked_at)
    VALUES (:id, :channel, :to, :hash, 'Late', :status, '<' || CAST(:id AS uuid) || '@example.com>', 1, :requester,
            'orders.order:7', now(), now())
""")
_ATTEMPT: Final = text("""
    INSERT INTO delivery_attempts (delivery_id, number, provider, started_at, finished_at, outcome, detail, provider_message_id)
    VALUES (:id, :number, :provider, now(), CASE WHEN CAST(:outcome AS text) IS NOT NULL THEN now() END, :outcome, 'x',
            :message_id)
""")


def of_sendgrid(ref: UUID, kind: str = "processed") -> dict[str, Any]:
    return {"event": kind, "email": "ann@example.com", "sg_message_id": "XID.recvd-1", "ref": str(ref), "sg_event_id": kind}


def of_ses(ref: UUID) -> dict[str, Any]:
    mail = {"messageId": "XID", "destination": ["ann@example.com"], "tags": {"ref": [str(ref)]}}
    return {"eventType": "Delivery", "mail": mail, "delivery": {"recipients": ["ann@example.com"]}}


def of_ses_identity(ref: UUID) -> dict[str, Any]:
    mail = {"messageId": "XID", "headers": [{"name": "Message-ID", "value": f"<{ref}@example.com>"}]}
    return {"notificationType": "Delivery", "mail": mail, "delivery": {"recipients": ["ann@example.com"]}}


def of_twilio(ref: UUID) -> dict[str, Any]:
    return {"MessageSid": "XID", "MessageStatus": "undelivered", "ErrorCode": "30005", "To": NUMBER, "ref": str(ref)}


def of_msg91(ref: UUID) -> dict[str, Any]:
    return {"requestId": "XID", "number": NUMBER[1:], "status": "1", "CRQID": f"{ref.hex}.1"}


def message_of(channel: str) -> Message:
    return email() if channel == "email" else SendSms(to_phone=NUMBER, body="3 days late.", requester=ALERT)


async def attempted(
    session: Session, provider: str, *outcomes: str | None, status: str = "queued", message_id: str | None = None
) -> UUID:
    """A delivery of which nobody knows whether it was sent."""
    key, channel = uuid7(), "sms" if provider in ("twilio", "msg91") else "email"
    to = NUMBER if channel == "sms" else "ann@example.com"
    row = {"id": key, "channel": channel, "to": to, "hash": HASHER.hash(channel, to), "status": status, "requester": ALERT}
    await session.execute(_DELIVERY, row)
    for number, outcome in enumerate(outcomes, 1):
        bound = {"id": key, "number": number, "provider": provider, "outcome": outcome}
        await session.execute(_ATTEMPT, {**bound, "message_id": message_id if number == 1 else None})
    return key


async def report(session: Session, provider: str, event: dict[str, Any]) -> None:
    key = await store(session, provider, json.dumps(event).encode(), at=system_clock())
    await CallbackApply(session, Suppressing(session, HASHER, system_clock), HASHER, PLAIN, None, system_clock).apply([key])


async def received(server: MailServer) -> int:
    """How many messages any provider has."""
    mails = (await server.http.get("/mail/count")).json()["count"]
    return int(mails) + int((await server.http.get("/sms/count")).json()["count"])


@pytest.mark.parametrize("outcome", ["unknown", None])
@pytest.mark.parametrize(
    ("provider", "event_of"),
    [
        ("sendgrid", of_sendgrid),
        ("ses", of_ses),
        ("ses", of_ses_identity),
        ("twilio", of_twilio),
        ("msg91", of_msg91),
    ],
)
async def test_message_of_which_its_provider_reports_is_sent_and_not_sent_again(
    run_task: TaskRunner,
    session: Session,
    mail_server: MailServer,
    provider: str,
    event_of: Callable[[UUID], dict[str, Any]],
    outcome: str | None,
) -> None:
    key = await attempted(session, provider, outcome, status="queued" if outcome else "sending")
    await report(session, provider, event_of(key))
    message = message_of("sms" if provider in ("twilio", "msg91") else "email")
    handled = await run_task(message, ids=[key])
    again = await run_task(message, ids=[key], redelivered=True)

    found = await delivery(session, key)
    assert (handled.outcome, again.carried_out, found.status, found.provider, found.awaits_report) == (
        "done",
        False,
        "sent",
        provider,
        True,
    )
    assert attempts_of(found) == [(1, "accepted", None, None)]
    assert found.timeline[0].provider_message_id == "XID"
    assert [(one.delivery_id, one.status) for one in await published(session, DeliveryFinished)] == [(key, "sent")]
    assert await received(mail_server) == 0


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"email_provider": "sendgrid", "sms_provider": "twilio"})


async def test_report_that_is_quicker_than_the_lost_answer_settles_the_message_at_its_retry(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="sendgrid")
    key = uuid7()
    first = await run_task(email(), ids=[key])
    waits = await session.scalar(text("SELECT due_at > now() + interval '5 minutes' FROM inbox WHERE id = :id"), {"id": key})
    await report(session, "sendgrid", of_sendgrid(key, "delivered"))
    hurried = await session.scalar(text("SELECT due_at <= now() FROM inbox WHERE id = :id"), {"id": key})
    second = await run_task(email(), ids=[key])

    found = await delivery(session, key)
    assert (first.outcome, waits, hurried, second.outcome) == ("retry", True, True, "done")
    assert (found.status, found.error, found.receipt, attempts_of(found)) == (
        "sent",
        None,
        "delivered",
        [(1, "accepted", None, None)],
    )
    assert await received(mail_server) == 1


async def test_message_without_a_report_is_sent_again(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="sendgrid")
    key = uuid7()
    await run_task(email(), ids=[key])
    await due_again(session, key)
    second = await run_task(email(), ids=[key])

    assert (second.outcome, await received(mail_server)) == ("done", 2)


async def test_what_a_provider_has_is_sent_whatever_would_stop_it_now(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    key = await attempted(session, "sendgrid", "unknown")
    bounced = {**of_sendgrid(key, "bounce"), "type": "bounce", "status": "5.1.1"}
    await report(session, "sendgrid", bounced)
    stale = email(valid_until=system_clock() - timedelta(minutes=1))
    await run_task(stale, ids=[key])

    found = await delivery(session, key)
    assert (found.status, found.reason, found.receipt) == ("sent", None, "bounced_hard")
    assert await received(mail_server) == 0


@pytest.mark.parametrize(
    ("provider", "outcomes", "message_id"),
    [
        # Reported of an account that has not been tried, and of an attempt whose answer is known.
        ("ses", ["unknown"], None),
        ("sendgrid", ["transient", "unknown"], "XID"),
        ("sendgrid", ["transient"], None),
    ],
)
async def test_report_that_proves_nothing_of_the_open_attempt_settles_nothing(
    run_task: TaskRunner,
    session: Session,
    mail_server: MailServer,
    provider: str,
    outcomes: list[str],
    message_id: str | None,
) -> None:
    key = await attempted(session, provider, *outcomes, message_id=message_id)
    await report(session, "sendgrid", of_sendgrid(key))
    await assert_nothing_published(session, DeliveryFinished)
    await run_task(email(), ids=[key])

    assert await received(mail_server) == 1
