"""notifications.send_notification: over the channels that its template has a part for."""

from typing import Any, Final
from uuid import UUID, uuid5

import pytest

from services.notifications.templates.repository import NewDraft, TemplateRepository
from services.notifications.tests.deliveries.arrange import know_person
from services.notifications.tests.notices.arrange import ASHA, PHONE, sent, stands
from shared.contracts.notifications import SendInApp, SendNotification, SendTemplatedEmail, SendTemplatedSms
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, assert_nothing_published

PARTS: Final = {
    "email": {"subject": "Moved", "text": "It was moved."},
    "sms": {"sms": "Moved."},
    "in_app": {"push_title": "Moved", "push_body": "It was moved."},
}
TYPES: Final = {"email": SendTemplatedEmail, "sms": SendTemplatedSms, "in_app": SendInApp}


async def publish(session: Session, *channels: str, locale: str = "en") -> None:
    """Publish a template with parts for these channels."""
    templates = TemplateRepository(session)
    await templates.add("moved", None)
    template_id = await templates.locked("moved", None)
    assert template_id is not None, "it was added"
    given: dict[str, Any] = {name: part for channel in channels for name, part in PARTS[channel].items()}
    parts = {"subject": None, "text": None, "html": None, "sample_context": "{}", "created_by": "ann", **given}
    version_id = await templates.add_draft(template_id, NewDraft(locale=locale, **parts), MONDAY_MORNING)
    await templates.publish(version_id, MONDAY_MORNING)


def moved(**fields: Any) -> SendNotification:
    """Something that Asha is told."""
    return SendNotification(**{"to_person": ASHA, "notification_type": "moved", "context": {"by": "a day"}, **fields})


def ids_of(key: UUID, *channels: str) -> dict[UUID, type]:
    """The messages that a notification becomes."""
    return {uuid5(key, channel): TYPES[channel] for channel in channels}


@pytest.mark.parametrize(
    ("has", "wanted", "goes"),
    [
        (["email", "sms", "in_app"], None, ["email", "sms", "in_app"]),
        (["email", "in_app"], None, ["email", "in_app"]),
        (["email", "sms", "in_app"], ["sms"], ["sms"]),
        (["in_app"], ["email", "in_app"], ["in_app"]),
    ],
)
async def test_template_says_over_which_channels_and_the_sender_limits_them(
    run_task: TaskRunner, session: Session, has: list[str], wanted: list[str] | None, goes: list[str]
) -> None:
    await publish(session, *has)
    await know_person(session, ASHA, phone=PHONE)
    handled = await run_task(moved(channels=wanted, category="trips"))

    messages: dict[UUID, Any] = dict(await sent(session))
    assert {key: type(one) for key, one in messages.items()} == ids_of(handled.id, *goes)
    assert {(one.template_name, one.category, one.to_person) for one in messages.values()} == {("moved", "trips", ASHA)}
    assert all(one.context == {"by": "a day"} for one in messages.values())


async def test_same_notification_twice_is_told_once(run_task: TaskRunner, session: Session) -> None:
    await publish(session, "email")
    await know_person(session, ASHA)
    key = uuid7()
    for redelivered in (False, True):
        await run_task.run([moved()], ids=[key], redelivered=redelivered)

    assert set(await sent(session)) == {uuid5(key, "email")}


async def test_part_in_the_readers_language_counts(run_task: TaskRunner, session: Session) -> None:
    await publish(session, "email")
    await publish(session, "sms", locale="hi")
    await know_person(session, ASHA, phone=PHONE, locale="hi-IN")
    handled = await run_task(moved())
    in_english = await run_task(moved(locale="en"))

    assert {key: type(one) for key, one in (await sent(session)).items()} == {
        **ids_of(handled.id, "email", "sms"),
        **ids_of(in_english.id, "email"),
    }


async def test_channel_without_an_address_is_recorded(run_task: TaskRunner, session: Session) -> None:
    await publish(session, "email", "sms", "in_app")
    await know_person(session, ASHA, email=None)
    await run_task(moved())

    assert await stands(session) == [
        ("email", "dropped", "no_address"),
        ("in_app", "queued", None),
        ("sms", "dropped", "no_address"),
    ]


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        ({"notification_type": "nowhere"}, "NothingToSay", "no version of the template nowhere is published"),
        ({"channels": ["sms"]}, "NothingToSay", "the template moved has parts for email and none for sms"),
        ({"to_person": "payments.customer:9"}, "NobodyReachable", "upsert the person first"),
        ({"to_person": "payments.customer:8"}, "NobodyReachable", "the person in to_person has no address for email"),
    ],
)
async def test_what_nobody_can_be_told_fails(
    run_task: TaskRunner, session: Session, change: dict[str, Any], error: str, why: str
) -> None:
    await publish(session, "email")
    await know_person(session, ASHA)
    await know_person(session, "payments.customer:8", email=None)
    handled = await run_task(moved(**change))

    assert (handled.outcome, handled.error_class) == ("dead", error)
    assert why in (handled.error or "")
    await assert_nothing_published(session)
