"""What a message says is settled when it is first taken up, whatever is published while it waits."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

from services.notifications.deliveries import templated_letters
from services.notifications.templates.repository import NewDraft, TemplateRepository
from services.notifications.tests.deliveries.arrange import delivery, due_again, know_person, publish_template, templated
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import (
    BulkRecipient,
    SendBulkEmail,
    SendInApp,
    SendNotification,
    SendTemplatedEmail,
)
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, outbox_of
from shared.testing.service import ApiClient

OURS: Final = UUID(int=5)
ASHA: Final = "payments.customer:7"
REQUIRED: Final = '{"b": {"type": "string", "required": true}}'
QUIET: Final = text(
    "INSERT INTO organization_policies (organization_id, quiet_from, quiet_until, quiet_days, revision, updated_at, updated_by)"
    " VALUES (:id, '00:00', '18:00', '{1,2,3,4,5,6,7}', 1, now(), 'ann')"
)


async def publish(session: Session, organization_id: UUID | None = None, variables: str = "{}", **parts: Any) -> None:
    """Publish a version of the template `delay` with these parts alone."""
    templates = TemplateRepository(session)
    await templates.add("delay", organization_id)
    template_id = await templates.locked("delay", organization_id)
    assert template_id is not None, "it was added"
    given = {"locale": "en", "subject": None, "text": None, "html": None, **parts}
    draft = NewDraft(**given, sample_context="{}", created_by="ann", variables=variables)
    version_id = await templates.add_draft(template_id, draft, MONDAY_MORNING)
    await templates.retire(template_id, draft.locale)
    await templates.publish(version_id, MONDAY_MORNING)


async def publish_second(session: Session) -> None:
    """A version that asks for a variable which nobody has sent."""
    await publish(session, variables=REQUIRED, subject="{{ b }}", text="{{ b }}")


def used(locale: str, version: int, *parts: str, organization_id: UUID | None = None) -> dict[str, Any]:
    """A version as deliveries show it."""
    owner = str(organization_id) if organization_id is not None else None
    return {"organization_id": owner, "locale": locale, "version": version, "parts": list(parts)}


async def test_mail_that_quiet_hours_hold_back_says_what_its_template_said_when_it_was_taken_up(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    await session.execute(QUIET, {"id": OURS})
    await publish_template(session)
    message_id, message = uuid7(), templated(organization_id=OURS, category="reminders")
    held = await run_task(message, ids=[message_id])
    waiting = (await delivery(session, message_id)).template_versions
    await publish_second(session)
    clock.advance(timedelta(hours=12))
    await due_again(session, message_id)
    sent = await run_task(message, ids=[message_id])

    found = await delivery(session, message_id)
    assert (held.outcome, waiting, sent.outcome, found.error) == ("retry", [used("en", 1)], "done", None)
    assert (await mail_server.newest())["Subject"] == "3 days late"
    assert (found.template_version, found.template_versions) == (1, [used("en", 1, "subject", "text")])


async def test_what_a_batch_had_no_time_for_says_what_its_template_said_then(
    run_task: TaskRunner, session: Session, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish_template(session)
    message_id = uuid7()
    with monkeypatch.context() as patch:
        patch.setattr(templated_letters, "RENDERING_S", -1.0)
        await run_task(templated(), ids=[message_id])
    await publish_second(session)
    await due_again(session, message_id)

    assert (await run_task(templated(), ids=[message_id])).outcome == "done"
    assert (await mail_server.newest())["Subject"] == "3 days late"


@pytest.mark.usefixtures("settings_of_the_process")
@pytest.mark.parametrize("version", [1, 2])
async def test_notices_and_bulk_mail_are_settled_when_they_are_taken_up(
    run_task: TaskRunner, session: Session, mail_server: MailServer, version: int
) -> None:
    await publish_template(session)
    await know_person(session, ASHA)
    if version == 2:
        await publish_template(session, "later", "later")
    notice = await run_task(SendNotification(to_person=ASHA, notification_type="delay", context={"days": 3}))
    bulk = await run_task(
        SendBulkEmail(
            template_name="delay",
            common_context={"days": 3},
            email_list=[BulkRecipient(to_email="bob@example.com")],
            category="reminders",
        )
    )
    await publish_second(session)
    messages = {one.id: one for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name}
    assert {uuid5(notice.id, "email")} < messages.keys()
    for key, one in messages.items():
        assert (await run_task(SendTemplatedEmail.model_validate_json(one.body), ids=[key])).outcome == "done"
        assert (await delivery(session, key)).template_versions == [used("en", version, "subject", "text")]
    assert bulk.outcome == "done"
    assert {mail["subject"] for mail in await mail_server.mails()} == {"3 days late" if version == 1 else "later"}


@pytest.mark.usefixtures("settings_of_the_process")
async def test_item_in_the_app_is_settled_with_its_notice(run_task: TaskRunner, session: Session) -> None:
    await publish(session, push_title="First", push_body="B")
    await know_person(session, ASHA)
    notice = await run_task(SendNotification(to_person=ASHA, notification_type="delay"))
    await publish(session, push_title="Second", push_body="B")
    [message] = [one for one in await outbox_of(session) if one.name == SendInApp.contract.name]
    await run_task(SendInApp.model_validate_json(message.body), ids=[message.id])

    found = await delivery(session, uuid5(notice.id, "in_app"))
    assert (found.status, found.template_version) == ("sent", 1)
    assert found.template_versions == [used("en", 1, "push_title", "push_body")]
    assert await session.scalar(text("SELECT title FROM in_app_items")) == "First"


async def test_reader_can_tell_what_an_override_gave_and_what_its_default(
    run_task: TaskRunner, session: Session, client: ApiClient
) -> None:
    await publish(session, subject="S", text="T", html="<p>H</p>")
    await publish(session, subject="S2", text="T", html="<p>H</p>")
    await publish(session, OURS, subject="Ours")
    handled = await run_task(templated(organization_id=OURS))

    shown = (await client.as_role("viewer", organization_id=OURS).get(f"/v1/deliveries/{handled.id}")).json()
    assert shown["template_version"] == 1
    assert shown["template_versions"] == [
        used("en", 1, "subject", organization_id=OURS),
        used("en", 2, "text", "html"),
    ]
