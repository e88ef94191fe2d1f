"""Tests of templates go the way of everything that is sent."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from httpx import Response

from shared.contracts.notifications import SendEmail, SendSms
from shared.runtime.db import Session
from shared.testing.messages import assert_nothing_published, assert_published, published
from shared.testing.service import ApiClient

OURS: Final = UUID(int=5)
PATH: Final = "/v1/templates/greeting"
VERSION: Final[dict[str, Any]] = {
    "locale": "en",
    "subject": "Hello {{ who }}",
    "text": "Hi {{ who }}.",
    "html": "<p>Hi <b>{{ who }}</b>.</p>",
    "sms": "Hi {{ who }}.",
    "sample_context": {"who": "Ann"},
}


@pytest.fixture
def ours(client: ApiClient) -> ApiClient:
    """Somebody of our organization."""
    return client.as_role("operator", organization_id=OURS)


async def send_test(api: ApiClient, key: str | None = None, **asked: Any) -> Response:
    """Ask for a test under a key of its own."""
    return await api.post(f"{PATH}/send-test", json=asked, headers={"Idempotency-Key": key or str(uuid4())})


async def test_draft_is_sent_as_a_marked_mail(ours: ApiClient, session: Session) -> None:
    await ours.post(f"{PATH}/versions", json=VERSION)
    answer = await send_test(ours, to_email="ann@example.com", version=1, context={"who": "<Bo>\x00"})

    assert answer.status_code == 202, answer.text
    sent = answer.json()
    assert (sent["channel"], sent["version"], sent["locale"]) == ("email", 1, "en")
    assert answer.headers["Location"] == f"/v1/deliveries/{sent['id']}"
    [message] = await published(session, SendEmail)
    assert message.valid_until is not None
    assert message == SendEmail(
        to_email="ann@example.com",
        subject="[Test] Hello <Bo>",
        body="Hi <Bo>.",
        body_html="<p>Hi <b>&lt;Bo&gt;</b>.</p>",
        category="account",
        organization_id=OURS,
        valid_until=message.valid_until,
    )


async def test_sms_is_sent_to_the_letter(ours: ApiClient, session: Session) -> None:
    await ours.post(f"{PATH}/versions", json=VERSION)
    answer = await send_test(ours, to_phone="+919812345678", version=1)

    assert (answer.status_code, answer.json()["channel"]) == (202, "sms")
    await assert_published(session, SendSms, to_phone="+919812345678", body="Hi Ann.", organization_id=OURS)


async def test_test_is_sent_once_per_key(ours: ApiClient, session: Session) -> None:
    await ours.post(f"{PATH}/versions", json=VERSION)
    answers = [await send_test(ours, "one-key", to_email="ann@example.com", version=1) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len(await published(session, SendEmail)) == 1


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"version": 1}, 422, "invalid_request"),
    ({"version": 1, "to_email": "a@e.com", "to_phone": "+919812345678"}, 422, "invalid_request"),
    ({"version": 1, "to_email": "a@e.com\nBcc: b@e.com"}, 422, "invalid_request"),
    ({"version": 9, "to_email": "a@e.com"}, 404, "template_version_not_found"),
    ({"to_email": "a@e.com"}, 404, "template_not_found"),
    ({"version": 1, "to_email": "a@e.com", "context": {}}, 422, "template_unusable"),
    ({"version": 2, "to_email": "a@e.com"}, 422, "template_unusable"),
    ({"version": 3, "to_phone": "+919812345678"}, 422, "template_unusable"),
    ({"version": 3, "to_email": "a@e.com", "context": {"who": "a" * 47_997}}, 422, "template_unusable"),
]


@pytest.mark.parametrize(("asked", "status", "code"), REFUSED)
async def test_test_that_cannot_be_sent_is_refused_and_sends_nothing(
    ours: ApiClient, session: Session, asked: dict[str, Any], status: int, code: str
) -> None:
    for parts in ({}, {"subject": None, "text": None, "html": None}, {"sms": None, "html": None}):
        await ours.post(f"{PATH}/versions", json=VERSION | parts)

    refused = await send_test(ours, **asked)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    await assert_nothing_published(session)


async def test_caller_has_30_tests_a_minute(ours: ApiClient, client: ApiClient) -> None:
    answers = [await send_test(ours, to_email="a@e.com") for _ in range(31)]

    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert answers[-1].headers["RateLimit-Policy"] == '"template_tests";q=30;w=60'
    other = client.as_role("operator", organization_id=OURS, subject="somebody-else")
    assert (await send_test(other, to_email="a@e.com")).status_code == 404


async def test_sending_a_test_needs_the_scope_and_a_key(ours: ApiClient, client: ApiClient) -> None:
    viewer = await send_test(client.as_role("viewer"), to_email="a@e.com")
    keyless = await ours.post(f"{PATH}/send-test", json={"to_email": "a@e.com"})

    assert (viewer.status_code, keyless.json()["code"]) == (403, "idempotency_key_missing")
