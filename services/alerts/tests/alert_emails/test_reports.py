"""What notifications reports of alerts' mails, mirrored by the alerts."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.alerts.deps import alert_emails
from services.alerts.tests.alert_emails.arrange import AT, emails, happenings, mirrored, raise_alerts, report
from services.alerts.tests.arrange import have, line, rows
from shared.contracts.alerts import QueuePendingEmails, SendAlertEmail
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner

LATER = AT + timedelta(hours=1)


async def asked_for(session: Session, run_task: TaskRunner, *lines: str) -> list[UUID]:
    """The mails of these shipments' alerts, in the order of the alerts."""
    await raise_alerts(session, *lines, late=1)
    await run_task(QueuePendingEmails())
    return [email[0] for email in await emails(session)]


async def test_reports_are_mirrored_and_mirroring_twice_is_the_same(session: Session, run_task: TaskRunner) -> None:
    sent, failed, dropped = await asked_for(session, run_task, *(line(reference=name) for name in ("A1", "B2", "C3")))
    reports: list[DeliveryFinished] = [
        report(f"alerts.email:{sent}", "sent", retries=2),
        report(f"alerts.email:{failed}", "failed", retries=3, error="550 5.1.1 mailbox unavailable"),
        report(f"alerts.email:{dropped}", "dropped"),
    ]

    for _ in range(2):
        handled = await run_task.run(reports)
        assert [one.outcome for one in handled] == ["done"] * 3
        assert await mirrored(session) == [
            (True, AT, 2, None),
            (False, None, 3, "550 5.1.1 mailbox unavailable"),
            (False, None, 0, "the delivery was dropped without a reason"),
        ]
    assert [email[3] for email in await emails(session)] == ["sent", "failed", "dropped"]


async def test_report_stands_once_on_the_timeline(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await run_task(QueuePendingEmails())
    ((email_id, *_),) = await emails(session)

    for _ in range(2):
        await run_task(report(f"alerts.email:{email_id}", "sent"))

    assert await happenings(session, alert_id) == ["raised", "email_requested", "email_sent"]


async def test_alert_is_told_when_each_of_its_recipients_is(session: Session, run_task: TaskRunner) -> None:
    first, second = await asked_for(session, run_task, line(recipients="a@example.com;b@example.com"))

    await run_task(report(f"alerts.email:{first}", "sent"))
    assert await mirrored(session) == [(False, None, 0, None)]
    await run_task(report(f"alerts.email:{second}", "sent", retries=1, finished_at=LATER))

    assert await mirrored(session) == [(True, LATER, 1, None)]


async def test_recipient_that_was_corrected_does_not_count_any_more(session: Session, run_task: TaskRunner) -> None:
    first, second = await asked_for(session, run_task, line(recipients="a@example.com;typo@example.com"))
    await run_task(report(f"alerts.email:{first}", "sent"))
    await run_task(report(f"alerts.email:{second}", "failed", error="550 5.1.1 unknown"))
    assert await mirrored(session) == [(False, None, 0, "550 5.1.1 unknown")]

    await have(session, line(recipients="a@example.com;b@example.com"))
    ((alert_id,),) = await rows(session, "SELECT id FROM alerts")
    await run_task(SendAlertEmail(alert_id=alert_id))
    for email in (await emails(session))[2:]:
        await run_task(report(f"alerts.email:{email[0]}", "sent", finished_at=LATER))

    assert await mirrored(session) == [(True, LATER, 0, None)]


async def test_why_a_mail_is_late_is_mirrored_and_mirroring_twice_is_the_same(session: Session, run_task: TaskRunner) -> None:
    (email_id,) = await asked_for(session, run_task, line())

    def delayed(retries: int, error: str) -> DeliveryDelayed:
        requester = f"alerts.email:{email_id}"
        return DeliveryDelayed(delivery_id=uuid7(), requester=requester, retries=retries, failed_at=AT, error=error)

    for _ in range(2):
        await run_task.run([delayed(1, "451 try later")])
        assert await mirrored(session) == [(False, None, 1, "451 try later")]
    await run_task.run([delayed(0, "late news")])
    assert await mirrored(session) == [(False, None, 1, "451 try later")]
    await run_task(report(f"alerts.email:{email_id}", "sent", retries=2))
    await run_task.run([delayed(2, "late news")])

    assert await mirrored(session) == [(True, AT, 2, None)]


async def test_digest_that_was_sent_tells_all_of_its_alerts(session: Session, run_task: TaskRunner) -> None:
    (digest,) = await asked_for(session, run_task, *(line(reference=f"A{number}") for number in range(21)))

    await run_task(report(f"alerts.email:{digest}", "sent"))

    assert await mirrored(session) == [(True, AT, 0, None)] * 21


async def test_reports_that_concern_no_mail_of_ours_change_nothing(session: Session, run_task: TaskRunner) -> None:
    (email_id,) = await asked_for(session, run_task, line())
    strangers = [f"payments.invoice:{email_id}", f"alerts.shipment:{email_id}", "alerts.email:7", f"alerts.email:{uuid7()}"]

    handled = await run_task.run([report(requester, "sent") for requester in strangers])

    assert [one.outcome for one in handled] == ["done"] * 4
    assert await mirrored(session) == [(False, None, 0, None)]


@pytest.mark.parametrize("together", [True, False])
async def test_mail_that_was_sent_stays_sent_in_whatever_order_reports_come(
    session: Session, run_task: TaskRunner, together: bool
) -> None:
    (email_id,) = await asked_for(session, run_task, line())
    failed = report(f"alerts.email:{email_id}", "failed", retries=3, finished_at=LATER)
    sent = report(f"alerts.email:{email_id}", "sent", retries=1)

    for batch in [[failed, sent]] if together else [[sent], [failed]]:
        await run_task.run(batch)

    assert await mirrored(session) == [(True, AT, 1, None)]


async def test_replayed_mail_heals_an_alert_that_was_given_up(session: Session, run_task: TaskRunner) -> None:
    (email_id,) = await asked_for(session, run_task, line())
    await run_task(report(f"alerts.email:{email_id}", "failed", retries=3, error="451 try later"))

    await run_task(report(f"alerts.email:{email_id}", "sent", finished_at=LATER))

    assert await mirrored(session) == [(True, LATER, 0, None)]


@pytest.mark.commits
async def test_report_of_a_digest_and_the_release_of_its_shipments_do_not_wait_in_a_circle(database: Database) -> None:
    for number in range(6):
        names = [f"S{number}A{place}" for place in range(25)]
        async with database.unit_of_work() as session:
            await raise_alerts(session, *(line(reference=name) for name in names), late=1)
            await alert_emails(session).request_pending()
            digest = (await emails(session))[-1][0]

        async def tell(email_id: UUID = digest) -> None:
            async with database.unit_of_work() as session:
                await alert_emails(session).record([report(f"alerts.email:{email_id}", "sent")])

        async def release(names: list[str] = names) -> None:
            async with database.unit_of_work() as session:
                await have(session, *(line(reference=name, status="released") for name in names))

        await asyncio.gather(tell(), release())

    async with database.read() as reader:
        assert await mirrored(reader) == [(True, AT, 0, None)] * 150
