"""Notices: over which channels each goes, what its templates get, and whom it reaches."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

from services.notifications.deliveries.repository import DeliveryReader
from services.notifications.notices.kinds import KINDS
from services.notifications.people.repository import PersonRepository
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateKey, TemplateReader
from services.notifications.tests.deliveries.arrange import ALERT, delivery, know_person
from services.notifications.tests.notices.arrange import ASHA, PHONE, notice, sent, stands
from shared.contracts.lanes import NOTIFICATIONS_BULK, NOTIFICATIONS_URGENT
from shared.contracts.message import MAX_BODY_BYTES
from shared.contracts.notifications import (
    CancelMessages,
    DeliveryFinished,
    Notice,
    SendInApp,
    SendInvoiceEmail,
    SendInvoiceOverdue,
    SendOrderConfirmation,
    SendOrderReminder,
    SendOrderShipped,
    SendOrderStatus,
    SendPaymentFailed,
    SendPaymentReminderSms,
    SendSubscriptionRenewalReminder,
    SendTemplatedEmail,
    SendTemplatedSms,
    SendTripAssignmentNotification,
    SendWelcomeEmail,
)
from shared.contracts.retry import RetryPolicy
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published

OURS, THEIRS = UUID(int=5), UUID(int=6)
EMAIL, SMS, IN_APP = SendTemplatedEmail, SendTemplatedSms, SendInApp
MONEY: Final = {"amount_minor": 12_345_600, "currency": "INR"}

TABLE: Final[list[tuple[type[Notice], str, str, list[type], str | None]]] = [
    (SendOrderConfirmation, "order_confirmation", "orders", [EMAIL, SMS], "order_url"),
    (SendOrderShipped, "order_shipped", "orders", [EMAIL, SMS], "order_url"),
    (SendOrderStatus, "order_status", "orders", [EMAIL], "order_url"),
    (SendOrderReminder, "order_reminder", "reminders", [EMAIL], "order_url"),
    (SendPaymentFailed, "payment_failed", "payments", [EMAIL, SMS], "payment_url"),
    (SendSubscriptionRenewalReminder, "subscription_renewal_reminder", "subscriptions", [EMAIL, SMS], "subscription_url"),
    (SendPaymentReminderSms, "payment_reminder", "payments", [SMS], "subscription_url"),
    (SendInvoiceEmail, "invoice", "invoices", [EMAIL], "invoice_url"),
    (SendInvoiceOverdue, "invoice_overdue", "invoices", [EMAIL, SMS], "invoice_url"),
    (SendWelcomeEmail, "welcome", "account", [EMAIL], None),
    (SendTripAssignmentNotification, "trip_assignment", "trips", [IN_APP, SMS], "trip_url"),
]


@pytest.mark.parametrize(("kind", "template", "category", "channels", "link"), TABLE)
async def test_each_notice_goes_over_its_channels_and_twice_is_once(
    run_task: TaskRunner,
    session: Session,
    kind: type[Notice],
    template: str,
    category: str,
    channels: list[type],
    link: str | None,
) -> None:
    await know_person(session, ASHA, phone=PHONE)
    key = uuid7()
    for redelivered in (False, True):
        await run_task.run([notice(kind)], ids=[key], redelivered=redelivered)

    messages: dict[UUID, Any] = dict(await sent(session))
    by_id = {uuid5(key, name): type_ for name, type_ in zip(KINDS[kind].channels, channels, strict=True)}
    assert {one: type(message) for one, message in messages.items()} == by_id
    for one in messages.values():
        assert (one.template_name, one.category, one.to_person) == (template, category, ASHA)
        assert link is None or one.context[link].startswith(f"https://app.example.com/{link.removesuffix('_url')}s/")
    assert [status for _, status, _ in await stands(session)] == ["queued"] * len(channels)


@pytest.mark.parametrize("kind", [row[0] for row in TABLE])
@pytest.mark.parametrize("locale", ["en", "hi"])
async def test_built_in_template_says_what_the_notice_brings(
    run_task: TaskRunner, session: Session, kind: type[Notice], locale: str
) -> None:
    await know_person(session, ASHA, phone=PHONE, locale=locale)
    await run_task(notice(kind))

    renderer = Renderer()
    for message in (await sent(session)).values():
        key = TemplateKey(getattr(message, "template_name", ""), None, locale)
        source = (await TemplateReader(session).effective([key]))[key]
        render = {EMAIL: renderer.render, SMS: renderer.render_sms, IN_APP: renderer.render_push}[type(message)]
        assert render(source, getattr(message, "context", {}), locale=locale, time_zone="Asia/Kolkata")


async def test_context_is_the_notices_fields_and_what_its_sender_adds_replaces_none(
    run_task: TaskRunner, session: Session
) -> None:
    await know_person(session, ASHA)
    extra = {"gift": True, "order_number": "forged", "order_url": "https://evil.example.com", "link": "x"}
    await run_task(notice(context=extra))

    (message,) = await published(session, SendTemplatedEmail)
    assert message.context == {
        "order_id": "o/1",
        "order_number": "WB-1",
        "total": MONEY,
        "lines": [{"name": "Box", "quantity": 2, "amount": MONEY}],
        "estimated_delivery_on": None,
        "order_url": "https://app.example.com/orders/o%2F1",
        "dashboard_url": "https://app.example.com",
        "gift": True,
        "link": "x",
    }


async def test_what_is_said_of_the_notice_holds_for_each_message(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, phone=PHONE, organization_id=OURS)
    until = datetime(2026, 12, 1, tzinfo=UTC)
    passed: dict[str, Any] = {
        "organization_id": OURS,
        "requester": ALERT,
        "dedupe_key": "order/1",
        "valid_until": until,
        "subject_key": "payments.order:1",
        "retry": RetryPolicy(max_retries=1),
        "locale": "hi",
    }
    handled = await run_task(notice(**passed), lane=NOTIFICATIONS_URGENT)

    for key, message in (await sent(session)).items():
        assert {name: getattr(message, name) for name in passed} == passed
        row = await delivery(session, key)
        assert (row.notice_id, row.subject_key, row.requester, row.organization_id) == (
            *(handled.id, "payments.order:1", ALERT),
            OURS,
        )
    assert {one.lanes for one in await outbox_of(session)} == {(NOTIFICATIONS_URGENT.name,)}


async def test_link_leads_to_the_organizations_own_frontend(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    await session.execute(
        text(
            "INSERT INTO organization_policies (organization_id, revision, frontend_url, updated_at, updated_by)"
            " VALUES (:id, 1, 'https://shop.example.com/in', now(), 'ann')"
        ),
        {"id": OURS},
    )
    await run_task.run([notice(SendInvoiceEmail, organization_id=OURS), notice(SendInvoiceEmail)])

    links = [one.context["invoice_url"] for one in await published(session, SendTemplatedEmail)]
    assert sorted(map(str, links)) == ["https://app.example.com/invoices/i1", "https://shop.example.com/in/invoices/i1"]


async def test_invoice_goes_with_its_document(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await run_task(notice(SendInvoiceEmail))

    await assert_published(session, SendTemplatedEmail, attachments=["payments.invoice:i1"])


async def test_item_in_the_app_leads_to_the_trip(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, phone=PHONE)
    await run_task(notice(SendTripAssignmentNotification))

    assert (await assert_published(session, SendInApp)).context["link"] == "https://app.example.com/trips/t1"


async def test_channel_without_an_address_is_dropped_and_says_so(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    handled = await run_task(notice(requester=ALERT))

    assert [type(one) for one in (await sent(session)).values()] == [SendTemplatedEmail]
    assert await stands(session) == [("email", "queued", None), ("sms", "dropped", "no_address")]
    dropped = await delivery(session, uuid5(handled.id, "sms"))
    assert (dropped.to_person, dropped.template_name, dropped.category) == (ASHA, "order_confirmation", "orders")
    assert [(one.kind, one.code) for one in dropped.events] == [("skipped", "no_address")]
    await assert_published(session, DeliveryFinished, delivery_id=dropped.id, status="dropped")


@pytest.mark.parametrize("to", [{}, {"to_email": "asha@example.com", "to_phone": PHONE}])
async def test_notice_that_was_on_its_way_when_its_person_was_erased_is_dropped_and_leaves_no_address(
    run_task: TaskRunner, session: Session, to: dict[str, Any]
) -> None:
    await know_person(session, ASHA)
    await PersonRepository(session).erase(ASHA, system_clock())
    before = system_clock() - timedelta(minutes=1)
    handled = await run_task(notice(requester=ALERT, to_person=ASHA, **to), occurred_at=before)

    assert await sent(session) == {}
    assert await stands(session) == [("email", "dropped", "cancelled"), ("sms", "dropped", "cancelled")]
    dropped = await delivery(session, uuid5(handled.id, "email"))
    assert (dropped.to_person, dropped.to_address, dropped.error) == (
        ASHA,
        None,
        "the person was erased after this was asked for",
    )
    assert (await session.scalar(text("SELECT count(*) FROM dead_letters"))) == 0


async def test_what_is_asked_for_after_the_erasure_or_by_another_organization_goes_to_the_address_that_it_names(
    run_task: TaskRunner, session: Session
) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    await PersonRepository(session).erase(ASHA, system_clock() - timedelta(minutes=1))
    to = {"to_person": ASHA, "to_email": "asha@example.com"}
    await run_task(notice(SendOrderStatus, organization_id=OURS, **to))
    await run_task(notice(SendOrderStatus, organization_id=THEIRS, **to), occurred_at=system_clock() - timedelta(hours=1))

    assert [one.to_email for one in await published(session, SendTemplatedEmail)] == ["asha@example.com"] * 2


async def test_address_of_the_notice_serves_where_the_person_has_none(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await run_task(notice(to_person=ASHA, to_phone=PHONE, to_email="other@example.com"))
    await run_task(notice(to_email="ann@example.com", to_name="Ann"))

    emails, texts = await published(session, SendTemplatedEmail), await published(session, SendTemplatedSms)
    assert {(one.to_person, one.to_email, one.to_name) for one in emails} == {
        (ASHA, None, None),
        (None, "ann@example.com", "Ann"),
    }
    assert [(one.to_person, one.to_phone) for one in texts] == [(None, PHONE)]


BAD: Final[list[tuple[dict[str, Any], str]]] = [
    (
        {"to_person": "payments.customer:9"},
        "nobody is known by the reference in to_person; upsert the person first, or name to_email",
    ),
    ({"organization_id": str(THEIRS)}, "nobody is known by the reference in to_person"),
    ({"to_person": "payments.customer:8"}, "the person in to_person has no address for email; upsert one, or name to_email"),
    ({"to_phone": PHONE}, "this notice goes by email, and names no address for that; name to_email"),
]


@pytest.mark.parametrize(("change", "why"), BAD)
async def test_notice_that_can_reach_nobody_fails_and_keeps_no_other_back(
    run_task: TaskRunner, session: Session, change: dict[str, Any], why: str
) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    await know_person(session, "payments.customer:8", email=None)
    bad, good = await run_task.run([notice(SendOrderStatus, **change), notice(SendOrderStatus)])

    assert (bad.outcome, bad.error_class, good.outcome) == ("dead", "NobodyReachable", "done")
    assert why in (bad.error or "")
    assert set(await sent(session)) == {uuid5(good.id, "email")}
    assert await stands(session) == [("email", "queued", None)]


async def test_notice_that_is_too_large_says_so(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    room = MAX_BODY_BYTES - len(notice(SendOrderStatus, context={"more": ""}).model_dump_json())
    handled = await run_task(notice(SendOrderStatus, context={"more": "x" * room}))

    assert (handled.outcome, handled.error_class) == ("dead", "MessageTooLarge")
    await assert_nothing_published(session)


@pytest.mark.parametrize("first", ["the notice", "the cancellation"])
async def test_cancelled_subject_drops_the_notice_and_what_it_has_become(
    run_task: TaskRunner, session: Session, first: str
) -> None:
    await know_person(session, ASHA, phone=PHONE)
    asked_at = system_clock() - timedelta(minutes=10)
    reminder = notice(subject_key="payments.order:1", requester=ALERT)
    steps = [
        (reminder, asked_at),
        (CancelMessages(subject_key="payments.order:1", reason="paid"), asked_at + timedelta(minutes=1)),
    ]
    for message, moment in steps if first == "the notice" else steps[::-1]:
        await run_task(message, occurred_at=moment)

    assert [(channel, status) for channel, status, _ in await stands(session)] == [("email", "dropped"), ("sms", "dropped")]
    assert [one.error for one in await published(session, DeliveryFinished)] == ["cancelled: paid", "cancelled: paid"]
    assert len(await sent(session)) == (2 if first == "the notice" else 0)


async def test_batch_of_notices_is_carried_out_together(run_task: TaskRunner, session: Session) -> None:
    people = [f"payments.customer:{number}" for number in range(40)]
    for person in people:
        await know_person(session, person, phone=PHONE)
    handled = await run_task.run([notice(SendPaymentFailed, to_person=person) for person in people], lane=NOTIFICATIONS_BULK)

    assert {one.outcome for one in handled} == {"done"}
    assert len(await sent(session)) == 80
    assert {one.lanes for one in await outbox_of(session)} == {(NOTIFICATIONS_BULK.name,)}
    found = await DeliveryReader(session).find(uuid5(handled[7].id, "sms"), None)
    assert found is not None
    assert (found.status, found.to_person) == ("queued", people[7])


@pytest.mark.parametrize(
    ("bad", "kept", "failed"),
    [
        ({"to_phone": "12345"}, SendTemplatedEmail, "sms"),
        ({"to_phone": ""}, SendTemplatedEmail, "sms"),
        ({"to_phone": "+91" + "9" * 500}, SendTemplatedEmail, "sms"),
        ({"to_email": "no address"}, SendTemplatedSms, "email"),
        ({"to_email": "a@example.com\r\nBcc: b@example.com"}, SendTemplatedSms, "email"),
    ],
)
async def test_address_that_is_none_fails_its_own_channel_alone(
    run_task: TaskRunner, session: Session, bad: dict[str, str], kept: type, failed: str
) -> None:
    to = {"to_email": "ann@example.com", "to_phone": PHONE} | bad
    handled = await run_task(notice(SendOrderConfirmation, requester=ALERT, **to))

    assert (handled.outcome, [type(one) for one in (await sent(session)).values()]) == ("done", [kept])
    assert (failed, "failed", "bad_recipient") in await stands(session)
    await assert_published(session, DeliveryFinished, requester=ALERT, status="failed")
