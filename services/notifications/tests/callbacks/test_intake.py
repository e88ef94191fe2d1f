"""Call-backs as they come: verified, stored once, answered at once, and nothing kept of what is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from services.notifications.callbacks.metrics import REFUSED
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks import mails, test_sns
from services.notifications.tests.callbacks.arrange import sent, standing, states
from services.notifications.tests.callbacks.test_sns import Amazon, running_amazon
from shared.contracts.lanes import NOTIFICATIONS_CALLBACKS
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.db import Session
from shared.runtime.payload_box import PayloadBox
from shared.testing.messages import TaskRunner, assert_nothing_published, outbox_of, published
from shared.testing.service import ApiClient

EVENTS_KEY: Final = ec.generate_private_key(ec.SECP256R1())
TOKEN: Final = "0123456789abcdef0123456789abcdef"
SECRET: Final = "a-secret-part-of-a-path"
MAIL_TOKEN: Final = "a-bearer-token-for-mail"
AES_KEY: Final = base64.b64encode(b"k" * 32).decode()
EVENT: Final = {"email": "ann@example.com", "event": "delivered", "timestamp": 1, "sg_event_id": "e1", "unknown_field": [1]}


@pytest_asyncio.fixture
async def amazon() -> AsyncIterator[Amazon]:
    async with running_amazon() as running:
        yield running


@pytest.fixture
def settings(amazon: Amazon, settings: NotificationsSettings) -> NotificationsSettings:
    spki = EVENTS_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = {
        "sendgrid_event_key": base64.b64encode(spki).decode(),
        "sns_topic_arns": test_sns.TOPIC,
        "sns_certificate_url": amazon.url,
        "twilio_auth_token": TOKEN,
        "backend_url": "https://api.example.com/notifications",
        "msg91_callback_secret": SECRET,
        "bounce_secret": MAIL_TOKEN,
        "bounce_address": "bounce@bounces.example.com",
        "encryption_keys": f"k1:{AES_KEY}",
    }
    return NotificationsSettings(**{**settings.model_dump(exclude_unset=True), **own})


async def post_sendgrid(client: ApiClient, events: Any, *, sign: bool = True) -> int:
    body = json.dumps(events).encode() + b"\r\n"
    signature = EVENTS_KEY.sign(b"1763600000" + (body if sign else b"[]"), ec.ECDSA(SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1763600000",
        "Content-Type": "application/json",
    }
    return (await client.post("/v1/callbacks/sendgrid", content=body, headers=headers)).status_code


async def post_twilio(client: ApiClient, form: dict[str, str], query: str = "", *, url: str | None = None) -> int:
    signed = (url or "https://api.example.com/notifications/v1/callbacks/twilio") + query
    what = signed + "".join(name + value for name, value in sorted(form.items()))
    signature = base64.b64encode(hmac.new(TOKEN.encode(), what.encode(), hashlib.sha1).digest()).decode()
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded", "Host": "10.0.0.7:8002"}
    return (await client.post(f"/v1/callbacks/twilio{query}", content=urlencode(form), headers=headers)).status_code


async def post_mail(client: ApiClient, body: bytes, token: str = MAIL_TOKEN) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
    return (await client.post("/v1/callbacks/bounce-mail", content=body, headers=headers)).status_code


async def stored(session: Session) -> list[tuple[str, Any]]:
    """The provider and the payload of each event, opened."""
    rows = await session.execute(text("SELECT id, provider, key_id, payload FROM provider_events ORDER BY id"))
    box = PayloadBox({"k1": b"k" * 32})
    return [(row.provider, box.open(row.id, row.key_id, row.payload)) for row in rows]


async def test_sendgrid_events_are_kept_once_with_what_we_do_not_know_and_published(client: ApiClient, session: Session) -> None:
    first = await post_sendgrid(client, [EVENT, {**EVENT, "sg_event_id": "e2"}])
    again = await post_sendgrid(client, [{**EVENT, "sg_event_id": "e2"}, {**EVENT, "sg_event_id": "e3"}])

    kept = [(provider, json.loads(payload)) for provider, payload in await stored(session)]
    assert (first, again) == (204, 204)
    assert kept == [("sendgrid", {**EVENT, "sg_event_id": key}) for key in ("e1", "e2", "e3")]
    assert [len(one.event_ids) for one in await published(session, ApplyCallbacks)] == [2, 1]


async def test_payloads_are_encrypted_where_they_lie(client: ApiClient, session: Session) -> None:
    await post_sendgrid(client, [EVENT])

    [row] = await session.execute(text("SELECT key_id, payload FROM provider_events"))
    assert row.key_id == "k1"
    assert b"ann" not in row.payload
    assert PayloadBox({}).open(mails.DELIVERY, row.key_id, row.payload) is None


async def test_twilio_is_verified_behind_a_proxy_and_keeps_our_reference(client: ApiClient, session: Session) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+919812345678"}
    codes = [await post_twilio(client, form, f"?ref={mails.DELIVERY}") for _ in range(2)]
    other = await post_twilio(client, {**form, "MessageStatus": "sent"}, f"?ref={mails.DELIVERY}")

    assert [*codes, other] == [204] * 3
    assert [json.loads(payload)["MessageStatus"] for _, payload in await stored(session)] == ["delivered", "sent"]
    assert json.loads((await stored(session))[0][1])["ref"] == str(mails.DELIVERY)


async def test_msg91_is_heard_in_both_of_its_forms_under_its_secret_alone(client: ApiClient, session: Session) -> None:
    report = {"number": "919812345678", "status": "1", "CRQID": f"{mails.DELIVERY.hex}.1", "date": "2026-11-21 10:06:20"}
    form = urlencode({"data": json.dumps([{"requestId": "3462", "report": [report, {**report, "number": "919812345679"}]}])})
    types = {"form": {"Content-Type": "application/x-www-form-urlencoded"}, "json": {"Content-Type": "application/json"}}

    codes = [
        (await client.post(f"/v1/callbacks/msg91/{SECRET}", content=form, headers=types["form"])).status_code,
        (await client.post(f"/v1/callbacks/msg91/{SECRET}", json={"requestId": "3462", **report})).status_code,
        (await client.post("/v1/callbacks/msg91/guess", content=form, headers=types["form"])).status_code,
    ]

    # The flat form is the same report once more.
    assert codes == [204, 204, 403]
    assert [json.loads(payload)["requestId"] for _, payload in await stored(session)] == ["3462", "3462"]
    ids = await session.scalars(text("SELECT event_id FROM provider_events"))
    assert not [one for one in ids if "9198" in one]


async def test_sns_notification_is_kept_and_a_foreign_one_is_not(client: ApiClient, session: Session, amazon: Amazon) -> None:
    headers = {"x-amz-sns-message-type": "Notification", "Content-Type": "text/plain; charset=UTF-8"}
    good = test_sns.signed(test_sns.notification())
    foreign = test_sns.signed(test_sns.notification(TopicArn="arn:aws:sns:ap-south-1:6:ses"))

    answers = [await client.post("/v1/callbacks/sns", content=body, headers=headers) for body in (good, good, foreign)]

    assert [one.status_code for one in answers] == [204, 204, 403]
    assert await stored(session) == [("ses", b'{"eventType": "Delivery"}')]
    assert len(amazon.asked) <= 1


async def test_bounce_mail_needs_our_token_and_an_address_that_we_have_made(client: ApiClient, session: Session) -> None:
    forged = mails.rfc_3464_timed_out(mails.STRANGER.for_delivery(mails.DELIVERY))

    codes = [
        await post_mail(client, mails.rfc_3464_timed_out()),
        await post_mail(client, mails.rfc_3464_timed_out()),
        await post_mail(client, forged),
        await post_mail(client, mails.rfc_3464_timed_out(), "a-guess"),
        await post_mail(client, b"x" * 5_000_001),
    ]

    assert codes == [204, 204, 403, 401, 413]
    assert await stored(session) == [("bounce_mail", mails.rfc_3464_timed_out())]


async def test_refusals_are_counted_by_reason_say_nothing_and_leave_nothing(client: ApiClient, session: Session) -> None:
    counter = REFUSED.labels("sendgrid", "bad_signature")
    before: float = counter._value.get()
    code = await post_sendgrid(client, [EVENT], sign=False)
    bare = await client.post("/v1/callbacks/sendgrid", json=[EVENT])
    foreign_url = await post_twilio(client, {"MessageSid": "SM1"}, url="https://evil.example.com/v1/callbacks/twilio")

    assert (code, bare.status_code, foreign_url, counter._value.get() - before) == (403, 403, 403, 1)
    assert bare.json()["code"] == "callback_refused"
    assert "signature" not in bare.text
    assert await stored(session) == []
    await assert_nothing_published(session, ApplyCallbacks)


@pytest.mark.parametrize("body", [{"event": "delivered"}, "hello", 7])
async def test_verified_body_of_another_form_is_refused_as_unreadable(client: ApiClient, session: Session, body: Any) -> None:
    assert await post_sendgrid(client, body) == 422
    assert await stored(session) == []


async def test_large_post_of_events_is_split_into_messages(client: ApiClient, session: Session) -> None:
    events = [{"event": "processed", "sg_event_id": f"e{number}"} for number in range(2500)]

    assert await post_sendgrid(client, events) == 204
    assert [len(one.event_ids) for one in await published(session, ApplyCallbacks)] == [1000, 1000, 500]


@pytest.mark.usefixtures("settings_of_the_process")
async def test_call_back_is_answered_before_anything_of_it_is_applied_which_the_lane_does(
    client: ApiClient, run_task: TaskRunner, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", f"k1:{AES_KEY}")
    key = await sent(session, provider="sendgrid")
    answered = await post_sendgrid(client, [{**EVENT, "ref": str(key)}])
    untouched, waiting = await standing(session, key), await states(session)
    [message] = await outbox_of(session)
    [apply] = await published(session, ApplyCallbacks)
    await run_task(apply)

    assert (answered, untouched, waiting) == (204, (None, []), ["waiting"])
    assert message.lanes == (NOTIFICATIONS_CALLBACKS.name,)
    assert (await standing(session, key), await states(session)) == (("delivered", ["delivered"]), ["applied"])
