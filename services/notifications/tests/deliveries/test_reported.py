"""A message whose call got no answer, and of which the provider reports: it is sent, and not sent again."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.callbacks.report_consequences import ReportConsequences, Telling
from services.notifications.callbacks.repository import Reported
from services.notifications.deliveries.delivery_record import DeliveryRecord, Lesson, Recorded
from services.notifications.deliveries.letters import Addressee, RowFacts, delivery_row
from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.deliveries.repository import AttemptResult
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.settings import NotificationsSettings
from services.notifications.suppressions.service import Suppressing
from services.notifications.tests.callbacks.arrange import HASHER, NUMBER, applying_of, store
from services.notifications.tests.deliveries.arrange import ALERT, attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.message import Message
from shared.contracts.notifications import DeliveryFinished, SendSms
from shared.contracts.retry import RetryPolicy
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.outcomes import Failed
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

_GIVEN_UP: Final = text("""
    UPDATE deliveries SET status = 'failed', reason = 'retries_exhausted', finished_at = now() WHERE id = :id
""")
_DEAD: Final = (
    text("""
        INSERT INTO inbox (id, name, lane, state, occurred_at, finished_at)
        VALUES (:id, 'notifications.send_email', 'notifications.normal', 6, now(), now())
    """),
    text("""
        INSERT INTO dead_letters (id, message_id, reason, name, lane, body, attempts, fingerprint)
        VALUES (:id, :id, 'retries_exhausted', 'notifications.send_email', 'notifications.normal', '{}', 4, 'x')
    """),
)


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
    await applying_of(session, system_clock).apply([key])


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


async def letters(session: Session) -> list[tuple[str, str | None]]:
    """The status of each dead letter, and who has settled it."""
    return [tuple(row) for row in await session.execute(text("SELECT status, settled_by FROM dead_letters"))]


async def test_message_that_was_given_up_is_sent_once_its_provider_reports_it(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": True, "times": 1}, provider="sendgrid")
    key, message = uuid7(), email(retry=RetryPolicy(max_retries=0))
    first = await run_task(message, ids=[key])
    await report(session, "sendgrid", of_sendgrid(key, "delivered"))
    second = await run_task(message, ids=[key])

    found = await delivery(session, key)
    assert (first.outcome, second.outcome, found.status, found.reason, found.receipt) == (
        "dead",
        "done",
        "sent",
        None,
        "delivered",
    )
    assert attempts_of(found) == [(1, "accepted", None, None)]
    assert await letters(session) == [("replayed", "system:provider-reports")]
    assert [one.status for one in await published(session, DeliveryFinished)] == ["failed", "sent"]
    assert await received(mail_server) == 1


async def test_message_that_was_given_up_and_of_which_a_report_proves_nothing_stays_so(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "drop_connection", "recorded": False, "times": 1}, provider="sendgrid")
    message = email(retry=RetryPolicy(max_retries=0))
    handled = await run_task(message)
    await report(session, "ses", of_ses(handled.id))

    assert (await delivery(session, handled.id)).status == "failed"
    assert await letters(session) == [("open", None)]


async def test_report_that_has_read_the_status_before_the_last_try_ended_brings_the_message_back(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    key, address = await attempted(session, "sendgrid", "unknown"), "ann@example.com"
    for statement in (_GIVEN_UP, *_DEAD):
        await session.execute(statement, {"id": key})
    read_before = Reported(
        key, "email", address, HASHER.hash("email", address), None, "alerts", None, False, "sending", False, None
    )
    told = Report(uuid7(), key, "processed", Receipt.PROCESSED, system_clock(), "sendgrid", provider_message_id="XID")
    consequences = ReportConsequences(session, Suppressing(session, HASHER, system_clock))
    await consequences.tell([Telling(told, read_before, None, "sendgrid", None)])
    handled = await run_task(email(), ids=[key])

    assert (handled.outcome, (await delivery(session, key)).status) == ("done", "sent")
    assert await letters(session) == [("replayed", "system:provider-reports")]
    assert await received(mail_server) == 0


class _NoLessons:
    async def learn(self, _: Session, lessons: Sequence[Lesson], __: datetime) -> None:
        raise AssertionError(f"a lost answer teaches nothing, and not {lessons}")


async def test_message_whose_report_came_during_its_last_try_has_not_failed(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    key, message, now = await attempted(session, "sendgrid", None, status="sending"), email(), system_clock()
    await report(session, "sendgrid", of_sendgrid(key, "delivered"))
    for statement in _DEAD:
        await session.execute(statement, {"id": key})
    row = delivery_row(RowFacts(key, "email", "example.com", now, 3), message, None, None)
    lost = AttemptResult(key, 1, now, now, "unknown", None, None, "no answer", 5)
    failed = Failed("no answer", "retries_exhausted", "unknown")
    answer = Answer(Verdict.UNKNOWN, "no answer")
    await DeliveryRecord(_NoLessons()).write(session, [Recorded(row, failed, 1, lost, answer, "sendgrid", None)], now)
    told_at_first = await published(session, DeliveryFinished)
    handled = await run_task(message, ids=[key])

    assert (told_at_first, handled.outcome, (await delivery(session, key)).status) == ([], "done", "sent")
    assert [one.status for one in await published(session, DeliveryFinished)] == ["sent"]
    assert await letters(session) == [("replayed", "system:provider-reports")]
    assert await received(mail_server) == 0


class _Heard:
    def __init__(self) -> None:
        self.lessons: list[Lesson] = []

    async def learn(self, _: Session, lessons: Sequence[Lesson], __: datetime) -> None:
        self.lessons += lessons


async def test_call_that_ends_after_its_person_was_erased_leaves_no_address_and_no_text(session: Session) -> None:
    key, now, heard = await attempted(session, "smtp", None, status="sending"), system_clock(), _Heard()
    for statement in _DEAD:
        await session.execute(statement, {"id": key})
    await session.execute(text("UPDATE deliveries SET to_address = NULL, subject = NULL WHERE id = :id"), {"id": key})
    row = delivery_row(RowFacts(key, "email", "example.com", now, 0), email(), Addressee("ann@example.com", "h"), None)
    refusal = AttemptResult(key, 1, now, now, "bad_recipient", 550, "5.1.1", "Ann Lee has left us", 5)
    failed = Failed("550 Ann Lee has left us", "bad_recipient", "bad_recipient")
    answer = Answer(Verdict.BAD_RECIPIENT, "Ann Lee has left us")
    await DeliveryRecord(heard).write(session, [Recorded(row, failed, 1, refusal, answer, "smtp", None)], now)

    found = await delivery(session, key)
    assert (found.status, found.error, [one.detail for one in found.timeline]) == ("failed", None, [None])
    assert [(one.row.to_address, one.row.address_hash) for one in heard.lessons] == [(None, "h")]
    assert await letters(session) == [("discarded", "system:privacy")]
    assert await session.scalar(text("SELECT body FROM dead_letters")) == "{}"
