"""alerts.queue_pending_emails: who is told of what, in one mail or many, each once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.alerts.alert_emails import service
from services.alerts.alert_emails.repository import AlertEmailRepository
from services.alerts.deps import alert_emails, shipment_import
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.tests.alert_emails.arrange import emails, happenings, raise_alerts, report
from services.alerts.tests.arrange import ETA, OURS, THEIRS, csv_of, evaluate, have, line, rows
from shared.contracts.alerts import QueuePendingEmails
from shared.contracts.notifications import SendTemplatedEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing import locks
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published
from shared.testing.wait import eventually

WAITING = "SELECT count(*) FROM alert_email_items WHERE email_id IS NULL"


async def lanes_of_mails(session: Session) -> list[str]:
    """The lanes of the mails asked for, in order."""
    return [one.lanes[0] for one in await outbox_of(session) if one.name == "notifications.send_templated_email"]


async def test_mail_of_a_critical_alert_takes_the_urgent_lane_and_says_it_all(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(status="customs_hold"), late=7)

    await run_task(QueuePendingEmails())

    ((email_id, *_),) = await emails(session)
    sent = await assert_published(session, SendTemplatedEmail)
    assert sent == SendTemplatedEmail(
        to_email="customs@example.com",
        template_name="shipment_alert",
        context=sent.context,
        organization_id=OURS,
        requester=f"alerts.email:{email_id}",
        subject_key=f"alerts.email:{email_id}",
        retry=RetryPolicy(max_retries=3, base_s=300, factor=1, cap_s=300, jitter=False),
    )
    assert sent.context == {
        "severity": "critical",
        "step": 4,
        "days_late": 7,
        "raised_on": "2026-03-09",
        "eta": "2026-03-02",
        "original_eta": "2026-03-02",
        "reference": "MAEU1",
        "customer": "Nordlicht Handels GmbH",
        "carrier": "Maersk",
        "origin": "CNSHA",
        "destination": "DEHAM",
        "mode": None,
        "status": "customs_hold",
        "last_free_day": None,
        "missing_documents": [],
        "holds": [],
        "alert_id": str(alert_id),
        "earlier": 0,
    }
    (row,) = [one for one in await outbox_of(session) if one.name == "notifications.send_templated_email"]
    assert (row.id, row.lanes) == (email_id, ("notifications.urgent",))
    assert await happenings(session, alert_id) == ["raised", "email_requested"]


async def test_mail_of_any_other_alert_takes_the_normal_lane(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(), late=1)

    await run_task(QueuePendingEmails())

    assert await lanes_of_mails(session) == ["notifications.normal"]


async def test_each_recipient_of_a_shipment_gets_a_mail(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(recipients="a@example.com;b@example.com"), late=1)

    await run_task(QueuePendingEmails())

    assert [(email[1], email[2]) for email in await emails(session)] == [
        ("a@example.com", "alert"),
        ("b@example.com", "alert"),
    ]


async def test_task_that_runs_twice_asks_for_each_mail_once(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(reference="A1"), line(reference="B2"), late=1)

    for _ in range(2):
        assert (await run_task(QueuePendingEmails())).outcome == "done"

    assert len(await published(session, SendTemplatedEmail)) == 2
    assert await rows(session, "SELECT count(*) FROM alerts WHERE email_requested_at IS NULL") == [(0,)]
    assert await rows(session, WAITING) == [(0,)]


async def test_alert_that_is_not_open_or_was_told_gets_no_mail(session: Session, run_task: TaskRunner) -> None:
    first, second = await raise_alerts(session, line(reference="A1"), line(reference="B2"), late=1)
    await session.execute(
        text("UPDATE alerts SET status = 'resolved', resolved_at = now(), resolution = 'manual' WHERE id = :id"), {"id": first}
    )
    await session.execute(text("UPDATE alerts SET email_sent = true, email_sent_at = now() WHERE id = :id"), {"id": second})

    await run_task(QueuePendingEmails())

    await assert_nothing_published(session, SendTemplatedEmail)


async def test_alerts_of_missed_days_about_one_shipment_are_one_mail(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())
    for late in (1, 3, 5):
        await evaluate(session, ETA + timedelta(days=late))

    await run_task(QueuePendingEmails())

    sent = await assert_published(session, SendTemplatedEmail)
    assert (sent.context["severity"], sent.context["days_late"], sent.context["earlier"]) == ("high", 5, 2)
    assert await rows(session, "SELECT count(DISTINCT email_id) FROM alert_email_items") == [(1,)]


async def test_many_shipments_of_a_recipient_become_one_digest_and_the_critical_ones_stay_apart(
    session: Session, run_task: TaskRunner
) -> None:
    late = [line(reference=f"A{number:02}", customer=f"Customer {number % 3}") for number in range(21)]
    await have(session, *late)
    await have(session, line(reference="B1", current_eta=(ETA - timedelta(days=6)).isoformat()))
    await have(session, line(reference="C1", recipients="other@example.com"))
    await evaluate(session, ETA + timedelta(days=1))

    await run_task(QueuePendingEmails())

    assert sorted((email[1], email[2]) for email in await emails(session)) == [
        ("customs@example.com", "alert"),
        ("customs@example.com", "digest"),
        ("other@example.com", "alert"),
    ]
    digest = await assert_published(session, SendTemplatedEmail, template_name="shipment_alert_digest")
    facts = {name: digest.context[name] for name in ("raised_on", "total", "counts", "customers", "more")}
    assert facts == {
        "raised_on": "2026-03-03",
        "total": 21,
        "counts": {"critical": 0, "high": 0, "warning": 0, "info": 21},
        "customers": 3,
        "more": 0,
    }
    assert digest.subject_key == digest.requester
    assert sorted(await lanes_of_mails(session)) == ["notifications.bulk", "notifications.normal", "notifications.urgent"]


async def test_digest_lists_the_worst_and_counts_the_others(
    session: Session, run_task: TaskRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LISTED", 2)
    etas = [(ETA - timedelta(days=number % 6)).isoformat() for number in range(24)]
    await have(session, *(line(reference=f"A{number:02}", current_eta=eta) for number, eta in enumerate(etas)))
    await evaluate(session, ETA + timedelta(days=1))

    await run_task(QueuePendingEmails())

    digest = await assert_published(session, SendTemplatedEmail, template_name="shipment_alert_digest")
    listed = digest.context["alerts"]
    assert isinstance(listed, list)
    assert [(one["reference"], one["severity"], one["days_late"]) for one in listed if isinstance(one, dict)] == [
        ("A05", "high", 6),
        ("A11", "high", 6),
    ]
    assert (digest.context["total"], digest.context["more"]) == (24, 22)


async def test_digest_of_long_names_in_long_letters_lists_what_a_message_holds(session: Session, run_task: TaskRunner) -> None:
    names = {"customer": "क" * 200, "carrier": "ख" * 100, "origin": "ग" * 100, "destination": "घ" * 100}
    await have(session, *(line(reference=f"A{number:02}", **names) for number in range(60)))
    await have(session, line(reference="B1"), organization_id=THEIRS)
    await evaluate(session, ETA + timedelta(days=1))

    assert (await run_task(QueuePendingEmails())).outcome == "done"

    digest = await assert_published(session, SendTemplatedEmail, template_name="shipment_alert_digest")
    listed = digest.context["alerts"]
    assert isinstance(listed, list)
    assert 20 < len(listed) < 40
    assert (digest.context["total"], digest.context["more"]) == (60, 60 - len(listed))
    await assert_published(session, SendTemplatedEmail, organization_id=THEIRS)


async def test_alert_that_is_opened_again_before_anybody_was_told_tells_them_then(session: Session, run_task: TaskRunner) -> None:
    (alert_id,) = await raise_alerts(session, line(), late=1)
    await run_task(QueuePendingEmails())
    await have(session, line(status="released"))
    ((email_id, *_),) = await emails(session)
    await run_task(report(f"alerts.email:{email_id}", "dropped", error="cancelled: the alert was resolved"))

    await have(session, line(status="customs_hold"))
    await run_task(QueuePendingEmails())

    assert [email[3] for email in await emails(session)] == ["dropped", "requested"]
    assert await rows(session, "SELECT number FROM alert_email_items WHERE alert_id = :id ORDER BY number", id=alert_id) == [
        (1,),
        (2,),
    ]


async def test_alert_that_somebody_took_before_its_mail_was_decided_is_asked_for_when_it_is_open_again(
    session: Session, run_task: TaskRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await raise_alerts(session, line(), late=1)
    monkeypatch.setattr(service, "ALERTS_PER_MESSAGE", 1)
    await run_task(QueuePendingEmails())
    assert await rows(session, WAITING) == [(1,)]
    monkeypatch.undo()

    await session.execute(text("UPDATE alerts SET status = 'acknowledged'"))
    await run_task(QueuePendingEmails())
    await assert_nothing_published(session, SendTemplatedEmail)
    await session.execute(text("UPDATE alerts SET status = 'open'"))
    await run_task(QueuePendingEmails())

    await assert_published(session, SendTemplatedEmail)


async def test_what_a_run_under_way_has_raised_waits_for_its_end(session: Session, run_task: TaskRunner) -> None:
    await raise_alerts(session, line(), late=1)
    run_id = uuid7()
    await RunRepository(session).request(run_id, ETA, trigger="message", requested_by="system:test")
    await RunRepository(session).begin(run_id)
    await session.execute(text("UPDATE evaluation_runs SET progressed_at = now() WHERE id = :id"), {"id": run_id})
    await session.execute(text("UPDATE alerts SET run_id = :id"), {"id": run_id})

    await run_task(QueuePendingEmails())
    await assert_nothing_published(session, SendTemplatedEmail)
    await session.execute(text("UPDATE evaluation_runs SET progressed_at = now() - interval '11 minutes'"))
    await run_task(QueuePendingEmails())

    await assert_published(session, SendTemplatedEmail)


async def test_many_mails_are_decided_in_several_transactions(
    session: Session, run_task: TaskRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ALERTS_PER_MESSAGE", 2)
    monkeypatch.setattr(service, "RECIPIENTS_PER_MESSAGE", 2)
    lines = (line(reference=f"A{number}", recipients=f"r{number}@example.com") for number in range(3))
    await raise_alerts(session, *lines, late=1)
    counts = []
    for _ in range(4):
        await run_task(QueuePendingEmails())
        counts.append([len(await published(session, kind)) for kind in (SendTemplatedEmail, QueuePendingEmails)])

    # The run that raised the alerts has asked once. The first answer finds more alerts than it looks at, the second the rest of
    # them, the third decides for two of three recipients.
    assert counts == [[0, 2], [0, 3], [2, 4], [3, 4]]


@pytest.mark.commits
async def test_workers_side_by_side_ask_for_each_mail_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        lines = (line(reference=f"A{number}", recipients=f"r{number % 20}@example.com") for number in range(50))
        await shipment_import(session, OURS, today=ETA).run(csv_of(*lines))
        await evaluate(session, ETA + timedelta(days=1))

    async def ask() -> int:
        async with database.unit_of_work() as session:
            return await alert_emails(session).request_pending()

    asked = await asyncio.gather(*(ask() for _ in range(4)))

    assert sum(asked) == 50
    assert len(await published(database, SendTemplatedEmail)) == 50


@pytest.mark.commits
async def test_who_decides_second_waits_for_the_first_so_that_a_recipient_gets_one_digest(database: Database) -> None:
    names = [f"A{number}" for number in range(30)]
    async with database.unit_of_work() as session:
        await have(session, *(line(reference=name) for name in names[:25]))
        await evaluate(session, ETA + timedelta(days=1))
        await AlertEmailRepository(session).expand(1000, patience_s=600)
    async with database.unit_of_work() as session:
        await have(session, *(line(reference=name) for name in names[25:]))
        await evaluate(session, ETA + timedelta(days=1))

    async def ask() -> int:
        async with database.unit_of_work() as session:
            return await alert_emails(session).request_pending()

    async def is_waited_for() -> bool:
        async with database.read() as reader:
            return (await rows(reader, locks.WAITING)) == [(1,)]

    async with database.unit_of_work() as first:
        await AlertEmailRepository(first).alone()
        await AlertEmailRepository(first).expand(1000, patience_s=600)
        second = asyncio.create_task(ask())
        await eventually(is_waited_for, 10, "nobody waits")
        assert await alert_emails(first).request_pending() == 1

    assert await second == 0
    async with database.read() as reader:
        assert [email[2] for email in await emails(reader)] == ["digest"]
