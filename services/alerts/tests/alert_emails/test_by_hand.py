"""alerts.send_alert_email for one alert, and mails that are taken back."""

import pytest
from sqlalchemy import text

from services.alerts.deps import alert_emails
from services.alerts.tests.alert_emails.arrange import emails, happenings, mirrored, raise_alerts, report
from services.alerts.tests.arrange import OURS, THEIRS, have, line, rows
from shared.contracts.alerts import QueuePendingEmails, SendAlertEmail
from shared.contracts.notifications import CancelMessages, SendTemplatedEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

RESOLVE = text("UPDATE alerts SET status = 'resolved', resolved_at = now(), resolution = 'manual'")


async def test_mail_by_hand_goes_out_though_the_retries_are_used_up_and_heals_the_alert(
    session: Session, run_task: TaskRunner
) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await run_task(QueuePendingEmails())
    ((first, *_),) = await emails(session)
    await run_task(report(f"alerts.email:{first}", "failed", retries=3, error="451 try later"))

    await run_task(SendAlertEmail(alert_id=alert_id, requested_by="operator:anna"))

    (_, (second, *_)) = await emails(session)
    assert len(await published(session, SendTemplatedEmail)) == 2
    await run_task(report(f"alerts.email:{second}", "sent"))
    assert [row[0] for row in await mirrored(session)] == [True]
    assert await happenings(session, alert_id) == [
        "raised",
        "email_requested",
        "email_failed",
        "email_requested",
        "email_sent",
    ]


async def test_message_that_comes_twice_sends_by_hand_once(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    message_id = uuid7()

    for _ in range(2):
        await run_task.run([SendAlertEmail(alert_id=alert_id)], ids=[message_id])

    assert len(await published(session, SendTemplatedEmail)) == 1


async def test_mail_by_hand_before_the_first_one_is_the_first_one(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)

    await run_task(SendAlertEmail(alert_id=alert_id))
    await run_task(QueuePendingEmails())

    await assert_published(session, SendTemplatedEmail)


async def test_unknown_or_resolved_alert_is_refused(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await session.execute(RESOLVE)

    unknown, resolved = [(await run_task(SendAlertEmail(alert_id=key))) for key in (uuid7(), alert_id)]

    assert [(one.outcome, one.error_class) for one in (unknown, resolved)] == [
        ("dead", "AlertUnknown"),
        ("dead", "AlertResolved"),
    ]
    await assert_nothing_published(session, SendTemplatedEmail)


async def test_operator_sends_by_hand_over_http_for_the_own_organization_alone(client: ApiClient, session: Session) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    path = f"/v1/alerts/{alert_id}/emails"

    foreign = await client.as_role("operator", organization_id=THEIRS).post(path)
    answer = await client.as_role("operator", organization_id=OURS).post(path)

    assert (foreign.status_code, foreign.json()["code"]) == (404, "alert_not_found")
    assert answer.status_code == 202
    assert [(one["recipient"], one["status"]) for one in answer.json()["items"]] == [("customs@example.com", "requested")]
    listed = (await client.as_role("viewer", organization_id=OURS).get(path)).json()
    assert listed == answer.json()
    await assert_published(session, SendTemplatedEmail, to_email="customs@example.com")


async def test_resolved_alerts_unsent_mail_is_taken_back_by_its_subject_key(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(), late=1)
    await run_task(QueuePendingEmails())

    await have(session, line(status="released"))

    ((email_id, cancelled_at),) = await rows(session, "SELECT id, cancelled_at FROM alert_emails")
    await assert_published(session, CancelMessages, subject_key=f"alerts.email:{email_id}", before=cancelled_at)


async def test_digest_is_taken_back_when_its_last_alert_is_resolved(session: Session, run_task: TaskRunner) -> None:
    names = [f"A{number}" for number in range(21)]
    await raise_alerts(session, *(line(reference=name) for name in names), late=1)
    await run_task(QueuePendingEmails())

    await have(session, *(line(reference=name, status="released") for name in names[:-1]))
    await assert_nothing_published(session, CancelMessages)
    await have(session, line(reference=names[-1], status="delivered"))

    ((digest, *_),) = await emails(session)
    await assert_published(session, CancelMessages, subject_key=f"alerts.email:{digest}")


@pytest.mark.parametrize("status", ["sent", "failed"])
async def test_mail_that_has_ended_is_not_taken_back(session: Session, run_task: TaskRunner, status: str) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await run_task(QueuePendingEmails())
    ((email_id, *_),) = await emails(session)
    await run_task(report(f"alerts.email:{email_id}", status))

    await session.execute(RESOLVE)
    await alert_emails(session).cancel([alert_id], "the alert was resolved")

    await assert_nothing_published(session, CancelMessages)
