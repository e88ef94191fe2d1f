"""Urgent e-mails, with a ready text or by a template, over a real mail server."""

import pytest
from pydantic import ValidationError

from services.notifications.tests.deliveries.arrange import attempts_of, delivery, know_person, publish_template
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import SendUrgentEmail
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner

READY = {"to_email": "ann@example.com", "subject": "Door open", "body": "Close it."}


async def test_urgent_message_that_comes_twice_is_sent_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    handled = [await run_task(SendUrgentEmail.model_validate(READY), ids=[message_id]) for _ in range(2)]

    found = await delivery(session, message_id)
    assert [one.outcome for one in handled] == ["done", "done"]
    assert (found.status, attempts_of(found)) == ("sent", [(1, "accepted", 250, "2.0.0")])
    assert [one["subject"] for one in await mail_server.mails()] == ["Door open"]


async def test_ready_and_templated_ones_share_a_batch(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    await publish_template(session)
    await know_person(session, "trips.driver:7", name="Ravi", email="ravi@example.com")
    templated = SendUrgentEmail(to_person="trips.driver:7", template_name="delay", context={"days": 3})
    missing = SendUrgentEmail(to_person="trips.driver:8", template_name="delay", context={"days": 3})
    handled = await run_task.run([SendUrgentEmail.model_validate(READY), templated, missing])

    assert [one.outcome for one in handled] == ["done", "done", "dead"]
    assert {one["subject"] for one in await mail_server.mails("ann@example.com")} == {"Door open"}
    assert {one["subject"] for one in await mail_server.mails("ravi@example.com")} == {"3 days late"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"subject": "Door open", "body": "Close it."}, "name either to_email or to_person"),
        ({**READY, "to_person": "trips.driver:7"}, "name either to_email or to_person"),
        ({**READY, "template_name": "delay"}, "give either subject and body, or template_name and context"),
        ({"to_email": "ann@example.com"}, "give either subject and body, or template_name and context"),
        ({"to_email": "ann@example.com", "subject": "Door open"}, "needs to_email, subject and body"),
        ({"to_person": "trips.driver:7", "subject": "Door open", "body": "Close it."}, "needs to_email, subject and body"),
    ],
)
def test_message_that_says_too_much_or_too_little_is_refused(fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        SendUrgentEmail.model_validate(fields)
