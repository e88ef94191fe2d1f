"""Cancelling over HTTP, by subject and one delivery."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifications.tests.deliveries.arrange import ALERT, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryFinished, SendEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
EARLIER = datetime.now(UTC) - timedelta(hours=1)
BODY = {"subject_key": ALERT, "reason": "the alert was resolved"}
EMAIL = {"to_email": "ann@example.com", "subject": "Late", "body": "3 days.", "subject_key": ALERT}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


async def waiting(run_task: TaskRunner, mail_server: MailServer, organization_id: UUID | None = OURS) -> UUID:
    """A delivery that waits for a retry."""
    message_id = uuid7()
    await mail_server.faults({"action": "451", "times": 1})
    message: SendEmail = email(subject_key=ALERT, organization_id=organization_id)
    assert (await run_task(message, ids=[message_id], occurred_at=EARLIER)).outcome == "retry"
    return message_id


async def test_subject_is_cancelled_for_the_callers_organization_alone(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    ours, theirs, nobodys = [await waiting(run_task, mail_server, owner) for owner in (OURS, THEIRS, None)]
    answer = await operator.post("/v1/cancellations", json=BODY)

    assert (answer.status_code, answer.json()["dropped"], answer.json()["organization_id"]) == (200, 1, str(OURS))
    assert [(await delivery(session, one)).status for one in (ours, theirs, nobodys)] == ["dropped", "queued", "queued"]
    await assert_published(session, DeliveryFinished, delivery_id=ours, error="cancelled: the alert was resolved")


async def test_caller_without_an_organization_cancels_for_everybody(
    client: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    ids = [await waiting(run_task, mail_server, owner) for owner in (OURS, THEIRS, None)]
    answer = await client.as_role("operator").post("/v1/cancellations", json=BODY)
    again = await client.as_role("operator").post("/v1/cancellations", json=BODY)

    assert (answer.json()["dropped"], again.json()["dropped"]) == (3, 0)
    assert {(await delivery(session, one)).status for one in ids} == {"dropped"}


async def test_email_that_is_on_its_way_is_dropped_and_one_asked_for_afterwards_is_sent(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    before = await operator.post("/v1/emails", json=EMAIL, headers={"Idempotency-Key": str(uuid4())})
    cancelled = await operator.post("/v1/cancellations", json=BODY)
    message = await assert_published(session, SendEmail)
    ended = await run_task(message, ids=[UUID(before.json()["id"])], occurred_at=EARLIER)
    after = await run_task(message)

    assert (cancelled.json()["dropped"], ended.outcome, after.outcome, len(await mail_server.mails())) == (
        1,
        "dropped",
        "done",
        1,
    )
    shown = (await operator.get(before.headers["Location"])).json()
    assert (shown["status"], shown["error"], shown["cancelled_at"]) == (
        "dropped",
        "cancelled: the alert was resolved",
        cancelled.json()["cancelled_at"],
    )


async def test_one_delivery_is_cancelled_and_a_second_time_changes_nothing(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    one, other = [await waiting(run_task, mail_server) for _ in range(2)]
    first = await operator.post(f"/v1/deliveries/{one}/cancel", json={"reason": "the customer called"})
    again = await operator.post(f"/v1/deliveries/{one}/cancel", json={"reason": "again"})
    await due_again(session, one)
    ended = await run_task(email(subject_key=ALERT, organization_id=OURS), ids=[one], occurred_at=EARLIER)

    assert (first.status_code, first.json()["status"], first.json()["error"]) == (
        200,
        "dropped",
        "cancelled: the customer called",
    )
    assert first.json()["cancellation"]["subject_key"] == f"notifications.delivery:{one}"
    assert (first.json()["cancellation"]["cancelled_by"], again.json()) == ("user:test", first.json())
    assert (ended.outcome, (await delivery(session, other)).status, await mail_server.mails()) == ("dropped", "queued", [])
    await assert_published(session, DeliveryFinished, delivery_id=one, status="dropped")


async def test_delivery_that_is_being_sent_is_told_and_has_no_further_attempt(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    one = await waiting(run_task, mail_server)
    await session.execute(text("UPDATE inbox SET state = 1, lease_token = gen_random_uuid(), lease_owner = 'x'"))
    await session.execute(text("UPDATE deliveries SET status = 'sending'"))
    answer = (await operator.post(f"/v1/deliveries/{one}/cancel", json={"reason": "no"})).json()
    assert (answer["status"], answer["cancelled_at"], answer["cancellation"]["reason"]) == ("sending", None, "no")

    await due_again(session, one)
    ended = await run_task(email(subject_key=ALERT, organization_id=OURS), ids=[one], occurred_at=EARLIER, redelivered=True)
    assert (ended.outcome, ended.error, await mail_server.mails()) == ("dropped", "cancelled: no", [])


@pytest.mark.parametrize(
    ("fields", "fault", "words"),
    [
        ({}, {"action": "delay", "seconds": 0.01}, "it was sent at 2026-03-02 09:00:00 UTC, and a mail that was sent cannot"),
        ({}, {"action": "550"}, "it has failed for good, so nothing of it waits; its dead letter can be discarded"),
        ({"valid_until": "2026-03-02T08:59:59Z"}, {"action": "550"}, "it was dropped before: valid_until has passed"),
    ],
)
async def test_delivery_that_has_ended_is_not_cancelled(
    operator: ApiClient,
    run_task: TaskRunner,
    session: Session,
    mail_server: MailServer,
    fields: dict[str, Any],
    fault: dict[str, Any],
    words: str,
) -> None:
    await mail_server.faults(fault)
    ended = await run_task(email(organization_id=OURS, **fields))
    before = (await delivery(session, ended.id)).status
    refused = await operator.post(f"/v1/deliveries/{ended.id}/cancel", json={"reason": "no"})

    assert (refused.status_code, refused.json()["code"], refused.json()["status"]) == (409, "delivery_ended", 409)
    assert refused.json()["detail"].startswith(words)
    assert (await delivery(session, ended.id)).status == before
    assert await session.scalar(text("SELECT count(*) FROM cancellations")) == 0


async def test_foreign_and_unknown_deliveries_are_not_found(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    theirs = await waiting(run_task, mail_server, THEIRS)
    answers = [await operator.post(f"/v1/deliveries/{one}/cancel", json={"reason": "no"}) for one in (theirs, uuid4())]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "delivery_not_found")] * 2
    assert (await delivery(session, theirs)).status == "queued"


@pytest.mark.parametrize(
    "body", [{}, {**BODY, "subject_key": ""}, {**BODY, "subject_key": "a\x00"}, {**BODY, "reason": "a\nb"}, {**BODY, "more": 1}]
)
async def test_cancellation_that_cannot_be_meant_is_refused(operator: ApiClient, session: Session, body: dict[str, Any]) -> None:
    refused = await operator.post("/v1/cancellations", json=body)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert await session.scalar(text("SELECT count(*) FROM cancellations")) == 0


async def test_cancelling_needs_the_right_to_write(client: ApiClient, session: Session) -> None:
    viewer = client.as_role("viewer")

    assert (await viewer.post("/v1/cancellations", json=BODY)).status_code == 403
    assert (await viewer.post(f"/v1/deliveries/{uuid4()}/cancel", json={"reason": "no"})).status_code == 403
    assert (await client.post("/v1/cancellations", json=BODY)).status_code == 401
    await assert_nothing_published(session)
