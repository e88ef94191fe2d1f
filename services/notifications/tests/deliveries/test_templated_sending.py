"""`notifications.send_templated_email` from its message to the mailbox."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.deliveries import templated_letters
from services.notifications.tests.deliveries.arrange import (
    ALERT,
    attempts_of,
    delivery,
    due_again,
    know_person,
    publish_template,
    templated,
)
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_BULK, NOTIFICATIONS_NORMAL, Lane
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished, SendTemplatedEmail
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published
from shared.testing.process import Processes
from shared.testing.wait import eventually

OURS, THEIRS = UUID(int=5), UUID(int=6)
ASHA = "trips.driver:7"


async def kept_texts(session: Session) -> int:
    found: int = await session.scalar(text("SELECT count(*) FROM delivery_texts"))
    return found


async def test_message_becomes_one_mail_that_names_its_template_and_version(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    await publish_template(session, html="<p>Wait <b>{{ days }}</b> days.</p>")
    await publish_template(session, "{{ days }} days late\n", "Wait {{ days }} days!", html="<p><b>{{ days }}</b> days!</p>")
    message: SendTemplatedEmail = templated(to_name="Ann Müller", subject_key=ALERT, organization_id=OURS)
    handled = await run_task(message, source="alerts")

    mail, found = await mail_server.newest("ann@example.com"), await delivery(session, handled.id)
    assert (handled.outcome, found.status, found.finished_at, attempts_of(found)) == (
        "done",
        "sent",
        clock(),
        [(1, "accepted", 250, "2.0.0")],
    )
    assert (found.template_name, found.template_version, found.subject, found.to_person) == ("delay", 2, "3 days late", None)
    assert (mail["Subject"], mail["Message-ID"]) == ("3 days late", found.message_id_header)
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["Wait 3 days!", "<p><b>3</b> days!</p>"]
    assert await kept_texts(session) == 0
    await assert_published(session, DeliveryFinished, delivery_id=handled.id, requester=ALERT, status="sent", retries=0)


async def test_templated_message_that_comes_twice_is_sent_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await publish_template(session)
    message_id = uuid7()
    first = await run_task(templated(), ids=[message_id])
    again = await run_task(templated(), ids=[message_id], redelivered=True)

    assert (first.carried_out, again.carried_out, len(await mail_server.mails())) == (True, False, 1)
    await assert_published(session, DeliveryFinished)


async def test_person_is_written_to_by_name_language_and_zone(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await publish_template(session)
    await publish_template(session, "{{ days }} Tage zu spät", "Stand: {{ at | datetime }}", locale="de")
    await know_person(session, ASHA, locale="de_AT", time_zone="Asia/Kolkata", organization_id=OURS)
    context = {"days": 3, "at": "2026-11-20T06:00:00Z"}
    handled = await run_task(templated(to_person=ASHA, organization_id=OURS, context=context))

    mail, found = await mail_server.newest("asha@example.com"), await delivery(session, handled.id)
    assert (mail["To"], mail["Subject"]) == ("Asha Rao <asha@example.com>", "3 Tage zu spät")
    assert "11:30" in mail.get_content()
    assert (found.to_address, found.to_person, found.subject) == ("asha@example.com", ASHA, "3 Tage zu spät")


@pytest.mark.parametrize("locale", ["en_in", "EN-IN"])
async def test_language_of_the_message_counts_however_it_is_spelled(
    run_task: TaskRunner, mail_server: MailServer, session: Session, locale: str
) -> None:
    await publish_template(session, "{{ owed | money }} owed")
    owed = {"amount_minor": 12345600, "currency": "INR"}
    await run_task(templated(locale=locale, context={"days": 3, "owed": owed}))

    assert (await mail_server.newest())["Subject"] == "₹1,23,456.00 owed"


async def test_retry_says_what_the_first_attempt_said_though_another_version_was_published(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await publish_template(session, html="<p>{{ days }}</p>")
    await know_person(session, ASHA)
    await mail_server.faults({"action": "451", "times": 1})
    waiting = await run_task(templated(to_person=ASHA), ids=[message_id])
    await publish_template(session, "changed", "changed", html="changed")
    await know_person(session, ASHA, email="new@example.com", name="Other", entity_version=2)
    await due_again(session, message_id)
    sent = await run_task(templated(to_person=ASHA), ids=[message_id])

    mail, found = await mail_server.newest(), await delivery(session, message_id)
    assert (waiting.outcome, sent.outcome, found.template_version, found.retries) == ("retry", "done", 1, 1)
    assert (mail["Subject"], mail["To"]) == ("3 days late", "Asha Rao <asha@example.com>")
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["Wait 3 days.", "<p>3</p>"]
    assert await kept_texts(session) == 0


REFUSED = [
    ({"template_name": "nothing"}, "bad_content", "no version of the template nothing is published; GET /v1/templates lists"),
    ({"template_name": "campaign_delay"}, "bad_content", "the template campaign_delay is marketing, and messages about general"),
    ({"template_name": "campaign_delay", "category": "orders"}, "bad_content", "the template campaign_delay is marketing"),
    ({"context": {}}, "bad_content", "template delay (en, version 1): the subject, line 1: 'days'"),
    ({"to_email": "a>b@example.com"}, "bad_recipient", "the address is not of the form name@domain"),
    ({"to_email": "ann@localhost"}, "bad_recipient", "nobody can have the address"),
    ({"to_person": "trips.driver:0"}, "bad_recipient", "nobody is known by the reference in to_person"),
    ({"to_person": "trips.driver:\x00"}, "bad_recipient", "nobody is known by the reference in to_person"),
    ({"to_person": ASHA, "organization_id": THEIRS}, "bad_recipient", "nobody is known by the reference in to_person"),
    ({"to_person": "trips.driver:8"}, "bad_recipient", "the person in to_person has no e-mail address"),
]


@pytest.mark.parametrize(("fields", "reason", "sentence"), REFUSED)
async def test_what_cannot_be_written_fails_with_a_sentence_and_the_others_of_the_batch_get_theirs(
    run_task: TaskRunner, session: Session, mail_server: MailServer, fields: dict[str, Any], reason: str, sentence: str
) -> None:
    await publish_template(session)
    await publish_template(session, name="campaign_delay")
    await know_person(session, ASHA, organization_id=OURS)
    await know_person(session, "trips.driver:8", email=None)
    bad, good = await run_task.run([templated(**fields), templated(to_email="bob@example.com")])

    found = await delivery(session, bad.id)
    assert (bad.outcome, good.outcome, found.status, found.timeline) == ("dead", "done", "failed", [])
    assert found.error is not None
    assert found.error.startswith(sentence)
    assert [mail["envelope"]["rcpt_to"] for mail in await mail_server.mails()] == [["bob@example.com"]]
    assert await session.scalar(text("SELECT reason FROM dead_letters")) == reason
    await assert_published(session, DeliveryFinished, delivery_id=bad.id, status="failed", error=found.error)


@pytest.mark.parametrize(
    ("lane", "category", "precedence"),
    [
        (NOTIFICATIONS_NORMAL, "general", None),
        (NOTIFICATIONS_NORMAL, "reminders", None),
        (NOTIFICATIONS_NORMAL, "marketing", "bulk"),
        (NOTIFICATIONS_BULK, "marketing", "bulk"),
        (NOTIFICATIONS_BULK, "reminders", "bulk"),
    ],
)
async def test_marketing_says_so_on_whichever_lane_it_travels_and_every_mail_says_what_it_is(
    run_task: TaskRunner, session: Session, mail_server: MailServer, lane: Lane, category: str, precedence: str | None
) -> None:
    await publish_template(session)
    await run_task.run([templated(category=category, organization_id=OURS)], lane=lane)

    mail = await mail_server.newest()
    assert mail.get_all("Precedence", []) == ([precedence] if precedence is not None else [])
    assert mail["Feedback-ID"] == f"delay:{OURS}:{category}:waybill"


async def test_dead_letter_is_replayed_with_the_mended_template(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    await publish_template(session, "{{ dais }} days late")
    await run_task(templated(), ids=[message_id])
    await publish_template(session)
    await session.execute(text("UPDATE inbox SET state = 3, attempt = 0, due_at = now() WHERE id = :id"), {"id": message_id})
    replayed = await run_task(templated(), ids=[message_id])

    found = await delivery(session, message_id)
    assert (replayed.outcome, found.status, found.subject, found.template_version) == ("done", "sent", "3 days late", 2)
    assert (await mail_server.newest())["Subject"] == "3 days late"


async def test_what_a_client_writes_into_the_context_breaks_nothing(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await publish_template(session, html="<p>{{ days }}</p>")
    message_id, hostile = uuid7(), "1\r\nBcc: all@example.com\x00<script>"
    await mail_server.faults({"action": "451", "times": 1})
    await run_task(templated(context={"days": hostile}, to_name="A\x00\nB"), ids=[message_id])
    await due_again(session, message_id)
    handled = await run_task(templated(context={"days": hostile}, to_name="A\x00\nB"), ids=[message_id])

    found, mail = await delivery(session, message_id), await mail_server.newest()
    assert (handled.outcome, found.subject) == ("done", "1 Bcc: all@example.com <script> days late")
    assert [part.get_content() for part in mail.iter_parts()][1].strip().endswith("&lt;script&gt;</p>")
    assert (mail["To"], mail["Bcc"]) == ("A B <ann@example.com>", None)


@pytest.mark.commits
async def test_process_killed_during_a_templated_send_sends_the_same_again_under_the_same_message_id(
    processes: Processes, database: Database, mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with database.unit_of_work() as session:
        await publish_template(session)
    fired = tmp_path_factory.mktemp("fired")
    faults = {"WAYBILL_FAILPOINTS": "effect.called=kill", "WAYBILL_FAILPOINT_ONCE": str(fired)}
    # The mail server shares this test's loop, and a tenth of ten seconds is little for a connection on a busy machine.
    patient = {"WAYBILL_TIME_FACTOR": "0.5"}
    worker = processes.worker("notifications", **mail_server.environment, **faults, **patient)
    await worker.ready()
    async with database.unit_of_work() as session:
        message_id = publish(session, templated())
    # Without the schedule, whose messages would meet the failpoint first.
    without = ("shared.testing.probe.relay", "notifications")
    relay = processes.relay("notifications", program=without, **mail_server.environment)
    await relay.ready()
    await mail_server.arrived(1)
    async with database.unit_of_work() as session:
        await publish_template(session, "changed", "changed")
    await eventually(lambda: published(database, DeliveryFinished), 90, "the delivery did not end")

    async with database.read() as reader:
        found = await delivery(reader, message_id)
    mails = await mail_server.mails()
    assert (found.status, attempts_of(found)) == ("sent", [(1, "unknown", None, None), (2, "accepted", 250, "2.0.0")])
    assert {(mail["message_id"], mail["subject"]) for mail in mails} == {(found.message_id_header, "3 days late")}
    assert (len(mails), found.template_version) == (2, 1)


async def test_customers_server_that_refuses_for_an_hour_gets_the_mail_when_it_takes_mail_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    await publish_template(session)
    message_id, asked_at = uuid7(), clock()
    await mail_server.faults({"match": "ann@example.com", "action": "421"})
    for _ in range(6):
        handled = await run_task(templated(), ids=[message_id], occurred_at=asked_at)
        assert handled.outcome == "retry"
        clock.advance(timedelta(minutes=10))
        await due_again(session, message_id)
    await assert_published(session, DeliveryDelayed, delivery_id=message_id, retries=0)
    await assert_nothing_published(session, DeliveryFinished)
    others = await run_task(templated(to_email="bob@example.com"))
    await mail_server.faults()
    handled = await run_task(templated(), ids=[message_id], occurred_at=asked_at)

    found = await delivery(session, message_id)
    assert (others.outcome, handled.outcome, found.status, found.retries) == ("done", "done", "sent", 0)
    assert [one.outcome for one in found.timeline] == ["throttled"] * 6 + ["accepted"]
    assert found.timeline[-1].started_at - found.timeline[0].started_at == timedelta(hours=1)


async def test_what_a_batch_has_no_time_to_render_waits_without_an_attempt_and_costs_no_try(
    run_task: TaskRunner, session: Session, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_template(session)
    message_id = uuid7()
    with monkeypatch.context() as patch:
        patch.setattr(templated_letters, "RENDERING_S", -1.0)
        put_off = await run_task(templated(), ids=[message_id])
    waiting = await delivery(session, message_id)
    assert (put_off.outcome, put_off.attempt, waiting.status, waiting.subject, waiting.timeline) == (
        "retry",
        0,
        "queued",
        None,
        [],
    )

    await due_again(session, message_id)
    assert (await run_task(templated(), ids=[message_id])).outcome == "done"
    assert len(await mail_server.mails()) == 1
