"""alerts.queue_pending_emails, and what notifications reports back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.alerts import emails
from services.alerts.alerts.emails import email_message_id
from services.alerts.deps import alert_emails, shipment_import
from services.alerts.tests.arrange import ETA, OURS, csv_of, evaluate, have, line, rows
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import DeliveryFinished, SendEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published

AT = datetime(2026, 3, 5, 8, 0, 2, tzinfo=UTC)
EMAIL = "SELECT email_sent, email_sent_at, email_retry_count, email_error FROM alerts ORDER BY id"
CRITICAL_BODY = """\
Shipment MAEU1 of Nordlicht Handels GmbH is 7 days late.

Severity:     critical
Carrier:      Maersk
From:         CNSHA
To:           DEHAM
ETA:          2026-03-02
Status:       customs hold
Evaluated on: 2026-03-09
Alert:        {alert_id}
"""


async def alert_ids(session: Session) -> list[UUID]:
    return list((await session.execute(text("SELECT id FROM alerts ORDER BY id"))).scalars())


async def raise_alerts(session: Session, *lines: str, late: int) -> list[UUID]:
    """The alerts of these shipments, so many days after the usual ETA."""
    await have(session, *lines)
    await evaluate(session, ETA + timedelta(days=late))
    return await alert_ids(session)


async def test_email_of_a_critical_alert_takes_the_urgent_lane_and_says_it_all(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(status="customs_hold"), late=7)

    await run_task(QueuePendingEmails())

    sent = await assert_published(session, SendEmail)
    assert sent == SendEmail(
        to_email="customs@example.com",
        subject="Critical: shipment MAEU1 is 7 days late",
        body=CRITICAL_BODY.format(alert_id=alert_id),
        organization_id=OURS,
        requester=f"alerts.alert:{alert_id}",
        subject_key=f"alerts.alert:{alert_id}",
        retry=RetryPolicy(max_retries=3, base_s=300, factor=1, cap_s=300, jitter=False),
    )
    assert [sent.retry.delay_s(retry) for retry in (1, 2, 3) if sent.retry] == [300, 300, 300]
    (row,) = [one for one in await outbox_of(session) if one.name == "notifications.send_email"]
    assert (row.id, row.lanes) == (email_message_id(alert_id), ("notifications.urgent",))


async def test_email_tells_the_eta_that_the_alert_is_late_by_though_it_was_revised_meanwhile(
    session: Session, run_task: TaskRunner
) -> None:
    await raise_alerts(session, line(), late=3)
    await have(session, line(current_eta="2026-04-01"))

    await run_task(QueuePendingEmails())

    sent = await assert_published(session, SendEmail)
    assert "\nETA:          2026-03-02\n" in sent.body


async def test_email_of_any_other_alert_takes_the_normal_lane(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(), late=1)

    await run_task(QueuePendingEmails())

    await assert_published(session, SendEmail, subject="Info: shipment MAEU1 is 1 day late")
    assert [one.lanes for one in await outbox_of(session) if one.name == "notifications.send_email"] == [
        ("notifications.normal",)
    ]


async def test_task_that_runs_twice_asks_for_each_email_once(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(reference="A1"), line(reference="B2"), late=1)

    for _ in range(2):
        assert (await run_task(QueuePendingEmails())).outcome == "done"

    assert len(await published(session, SendEmail)) == 2
    assert await rows(session, "SELECT count(*) FROM alerts WHERE email_requested_at IS NULL") == [(0,)]


async def test_alert_that_is_not_open_or_was_told_gets_no_email(session: Session, run_task: TaskRunner) -> None:
    first, second = await raise_alerts(session, line(reference="A1"), line(reference="B2"), late=1)
    await session.execute(text("UPDATE alerts SET status = 'resolved' WHERE id = :id"), {"id": first})
    await session.execute(text("UPDATE alerts SET email_sent = true, email_sent_at = now() WHERE id = :id"), {"id": second})

    await run_task(QueuePendingEmails())

    await assert_nothing_published(session, SendEmail)


async def test_many_emails_are_asked_for_in_several_transactions(
    session: Session, run_task: TaskRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emails, "EMAILS_PER_MESSAGE", 2)
    await raise_alerts(session, *(line(reference=f"A{number}") for number in range(3)), late=1)
    counts = []
    for _ in range(2):
        await run_task(QueuePendingEmails())
        counts.append([len(await published(session, kind)) for kind in (SendEmail, QueuePendingEmails)])

    # The run that raised the alerts has asked once; the first answer to it asks for another.
    assert counts == [[2, 2], [3, 2]]


@pytest.mark.commits
async def test_workers_side_by_side_ask_for_each_email_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        await shipment_import(session).run(OURS, csv_of(*(line(reference=f"A{number}") for number in range(50))))
        await evaluate(session, ETA + timedelta(days=1))

    async def ask() -> int:
        async with database.unit_of_work() as session:
            return await alert_emails(session).request_pending()

    asked = await asyncio.gather(*(ask() for _ in range(4)))

    assert sum(asked) == 50
    assert len(await published(database, SendEmail)) == 50


def report(requester: str, status: str, **facts: Any) -> DeliveryFinished:
    """What notifications says of a delivery."""
    told = {"delivery_id": uuid7(), "requester": requester, "status": status, "retries": 0, "finished_at": AT} | facts
    return DeliveryFinished.model_validate(told)


async def test_reports_are_mirrored_and_mirroring_twice_is_the_same(session: Session, run_task: TaskRunner) -> None:
    sent, failed, dropped = await raise_alerts(session, *(line(reference=name) for name in ("A1", "B2", "C3")), late=1)
    reports = [
        report(f"alerts.alert:{sent}", "sent", retries=2),
        report(f"alerts.alert:{failed}", "failed", retries=3, error="550 5.1.1 mailbox unavailable"),
        report(f"alerts.alert:{dropped}", "dropped"),
    ]

    for _ in range(2):
        handled = await run_task.run(reports)
        assert [one.outcome for one in handled] == ["done"] * 3
        assert await rows(session, EMAIL) == [
            (True, AT, 2, None),
            (False, None, 3, "550 5.1.1 mailbox unavailable"),
            (False, None, 0, "the delivery was dropped without a reason"),
        ]


async def test_reports_that_concern_no_alert_of_ours_change_nothing(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    strangers = [f"payments.invoice:{alert_id}", f"alerts.shipment:{alert_id}", "alerts.alert:7", f"alerts.alert:{uuid7()}"]

    handled = await run_task.run([report(requester, "sent") for requester in strangers])

    assert [one.outcome for one in handled] == ["done"] * 4
    assert await rows(session, EMAIL) == [(False, None, 0, None)]


@pytest.mark.parametrize("together", [True, False])
async def test_mail_that_was_sent_stays_sent_in_whatever_order_reports_come(
    session: Session, run_task: TaskRunner, together: bool
) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    failed = report(f"alerts.alert:{alert_id}", "failed", retries=3, finished_at=AT + timedelta(hours=1))
    sent = report(f"alerts.alert:{alert_id}", "sent", retries=1)

    for batch in [[failed, sent]] if together else [[sent], [failed]]:
        await run_task.run(batch)

    assert await rows(session, EMAIL) == [(True, AT, 1, None)]


async def test_hand_sent_mail_heals_an_alert_that_was_given_up(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await run_task(report(f"alerts.alert:{alert_id}", "failed", retries=3, error="451 try later"))

    await run_task(report(f"alerts.alert:{alert_id}", "sent", finished_at=AT + timedelta(hours=1)))

    assert await rows(session, EMAIL) == [(True, AT + timedelta(hours=1), 0, None)]
