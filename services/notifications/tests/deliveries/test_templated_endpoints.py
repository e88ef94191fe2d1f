"""Templated e-mails over HTTP: what is refused at once, and that what was rendered is what is sent."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.email.mime import Content
from services.notifications.templates.rendering import Renderer
from services.notifications.tests.deliveries.arrange import know_person, publish_template
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import SendTemplatedEmail
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of
from shared.testing.service import ApiClient

OURS, THEIRS = UUID(int=5), UUID(int=6)
ASHA = "trips.driver:7"
EMAIL: dict[str, Any] = {"to_email": "ann@example.com", "template_name": "delay", "context": {"days": 3}}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of our organization who may read and write."""
    return client.as_role("operator", organization_id=OURS)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_what_was_rendered_for_the_request_is_sent_whatever_is_published_meanwhile(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await publish_template(session, organization_id=OURS)
    await publish_template(session, "the default", "the default")
    accepted = await operator.post("/v1/templated-emails", json={**EMAIL, "lane": "urgent"}, headers=key())
    before = (await operator.get(accepted.headers["Location"])).json()
    await publish_template(session, "changed", "changed", organization_id=OURS)
    message = await assert_published(session, SendTemplatedEmail, template_name="delay", organization_id=OURS)
    await run_task(message, ids=[UUID(accepted.json()["id"])])

    after = (await operator.get(accepted.headers["Location"])).json()
    assert (accepted.status_code, next(one.lanes for one in await outbox_of(session))) == (202, ("notifications.urgent",))
    assert (before["status"], before["subject"], before["template_name"], before["template_version"]) == (
        "queued",
        "3 days late",
        "delay",
        1,
    )
    assert (after["status"], after["template_version"], after["cancellation"]) == ("sent", 1, None)
    mail = await mail_server.newest()
    assert (mail["Subject"], mail.get_content().strip()) == ("3 days late", "Wait 3 days.")


async def test_templated_email_is_asked_for_once_per_key(operator: ApiClient, session: Session) -> None:
    await publish_template(session)
    headers = key()
    answers = [await operator.post("/v1/templated-emails", json=EMAIL, headers=headers) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    await assert_published(session, SendTemplatedEmail)


async def test_person_is_written_to(operator: ApiClient, session: Session) -> None:
    await publish_template(session)
    await know_person(session, ASHA, organization_id=OURS)
    body = {"to_person": ASHA, "template_name": "delay", "context": {"days": 3}}
    accepted = await operator.post("/v1/templated-emails", json=body, headers=key())

    shown = (await operator.get(accepted.headers["Location"])).json()
    assert (shown["to_person"], shown["to_address"]) == (ASHA, "asha@example.com")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"template_name": "nothing"}, "template_unknown"),
        ({"template_name": "Nothing!"}, "invalid_request"),
        ({"context": {}}, "template_unusable"),
        ({"context": []}, "invalid_request"),
        ({"context": {"days": "x" * 66_000}}, "message_too_large"),
        ({"template_name": "campaign_delay"}, "marketing_locked"),
        ({"template_name": "declared"}, "marketing_locked"),
        ({"context": {"days": 3, "more": "x" * 66_000}}, "message_too_large"),
        ({"to_email": "a>b@example.com"}, "address_unusable"),
        ({"to_email": None}, "invalid_request"),
        ({"to_person": ASHA}, "invalid_request"),
        ({"to_email": None, "to_person": ASHA}, "recipient_unknown"),
        ({"to_email": None, "to_person": "trips.driver:0"}, "recipient_unknown"),
        ({"to_email": None, "to_person": "trips.driver:\x00"}, "invalid_request"),
        ({"locale": "de;DROP"}, "invalid_request"),
        ({"organization_id": str(THEIRS)}, "invalid_request"),
    ],
)
async def test_templated_email_that_cannot_be_sent_is_refused_and_leaves_nothing(
    operator: ApiClient, session: Session, change: dict[str, Any], code: str
) -> None:
    await publish_template(session)
    await publish_template(session, name="campaign_delay")
    await publish_template(session, name="declared", category="marketing")
    await know_person(session, ASHA, organization_id=THEIRS)
    refused = await operator.post("/v1/templated-emails", json={**EMAIL, **change}, headers=key())

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await operator.get("/v1/deliveries")).json()["items"] == []
    await assert_nothing_published(session)


@pytest.mark.parametrize(
    "context",
    ['{"days": "\\ud800"}', '{"days": 3, "\\ud800": 1}', '{"days": 3, "more": [NaN]}', f'{{"days": {"[" * 5000}{"]" * 5000}}}'],
)
async def test_context_that_no_message_can_carry_is_refused(operator: ApiClient, session: Session, context: str) -> None:
    await publish_template(session)
    body = f'{{"to_email": "ann@example.com", "template_name": "delay", "context": {context}}}'
    headers = {**key(), "Content-Type": "application/json"}
    refused = await operator.post("/v1/templated-emails", content=body, headers=headers)

    assert refused.status_code in (400, 422), refused.text
    await assert_nothing_published(session)


async def test_variable_that_is_missing_is_named(operator: ApiClient, session: Session) -> None:
    await publish_template(session)
    refused = await operator.post("/v1/templated-emails", json={**EMAIL, "context": {}}, headers=key())

    assert refused.json()["detail"] == "template delay (en, version 1): the subject, line 1: 'days' is undefined"


async def test_another_organization_is_not_named(operator: ApiClient, client: ApiClient, session: Session) -> None:
    await publish_template(session, "ours", "ours", organization_id=OURS)
    named = f"/v1/templated-emails?organization_id={OURS}"
    foreign = await client.as_role("operator", organization_id=THEIRS).post(named, json=EMAIL, headers=key())
    overseer = await client.as_role("operator").post(named, json=EMAIL, headers=key())

    assert (foreign.status_code, foreign.json()["code"]) == (403, "foreign_organization")
    assert overseer.status_code == 202
    assert (await operator.get(overseer.headers["Location"])).json()["subject"] == "ours"


async def test_templates_are_rendered_beside_the_loop_and_what_is_too_large_is_not_rendered(
    operator: ApiClient, run_task: TaskRunner, session: Session, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    render = Renderer.render

    def watched(*given: Any, **named: Any) -> Content:
        threads.append(threading.current_thread().name)
        return render(*given, **named)

    monkeypatch.setattr(Renderer, "render", watched)
    await publish_template(session)
    too_large = {**EMAIL, "context": {"days": 3, "more": "x" * 66_000}}
    refused = await operator.post("/v1/templated-emails", json=too_large, headers=key())
    assert (refused.status_code, threads) == (422, [])

    accepted = await operator.post("/v1/templated-emails", json=EMAIL, headers=key())
    sent = await run_task(SendTemplatedEmail(**EMAIL))
    assert (accepted.status_code, sent.outcome, len(await mail_server.mails())) == (202, "done", 1)
    assert {name.partition("_")[0] for name in threads} == {"rendering"}
    assert len(threads) == 2
