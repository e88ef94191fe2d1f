"""Organizations' own accounts: their call-backs are proven by what is stored with them, and count for that organization alone."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from services.notifications import callback_deps
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.callbacks.arrange import ANN, NUMBER, OURS, THEIRS, listed, sent, standing, states
from shared.contracts.notifications import ApplyCallbacks
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import assert_nothing_published, published
from shared.testing.service import ApiClient

EVENTS_KEY: Final = ec.generate_private_key(ec.SECP256R1())
FOREIGN_KEY: Final = ec.generate_private_key(ec.SECP256R1())
SPKI: Final = EVENTS_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
SENDGRID: Final = {
    "kind": "sendgrid",
    "config": {"event_key": base64.b64encode(SPKI).decode()},
    "credentials": {"api_key": "theirs"},
}
TWILIO: Final = {
    "kind": "twilio",
    "config": {"account_sid": "AC" + "ab" * 16, "phone_number": "+15005550006"},
    "credentials": {"auth_token": "the-token-of-acme"},
}
MSG91: Final = {"kind": "msg91", "credentials": {"auth_key": "k", "callback_secret": "a-secret-of-acme-alone"}}


@pytest.fixture
def admin(client: ApiClient) -> ApiClient:
    return client.as_role("admin", organization_id=OURS)


async def account(admin: ApiClient, fields: dict[str, Any], name: str = "acme") -> dict[str, Any]:
    kept = await admin.put(f"/v1/provider-accounts/{name}", json=fields)
    assert kept.status_code == 200, kept.text
    found: dict[str, Any] = kept.json()
    return found


def path_of(found: dict[str, Any]) -> str:
    return "/v1" + str(found["callback_url"]).split("/v1", 1)[1]


async def post(client: ApiClient, path: str, *events: dict[str, Any], key: ec.EllipticCurvePrivateKey = EVENTS_KEY) -> int:
    body = json.dumps(events).encode()
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(key.sign(b"1" + body, ec.ECDSA(SHA256()))).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1",
        "Content-Type": "application/json",
    }
    return (await client.post(path, content=body, headers=headers)).status_code


async def apply(session: Session, settings: NotificationsSettings, clock: FrozenClock) -> None:
    for message in await published(session, ApplyCallbacks):
        await callback_deps.callback_apply(session, settings, clock).apply(message.event_ids)


def bounce(delivery: UUID, event_id: str = "e1") -> dict[str, Any]:
    return {"event": "bounce", "type": "bounce", "status": "5.1.1", "email": ANN, "ref": str(delivery), "sg_event_id": event_id}


async def test_bounce_told_to_an_account_stops_mail_of_its_organization_and_of_nobody_else(
    client: ApiClient, admin: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    delivery = await sent(session, provider="acme")
    status = await post(client, path_of(await account(admin, SENDGRID)), bounce(delivery))
    await apply(session, settings, clock)

    assert (status, await standing(session, delivery)) == (204, ("bounced_hard", ["bounced_hard"]))
    assert await listed(session) == [("hard_bounce", "organization", OURS, None, ANN)]


async def test_account_has_no_say_in_messages_of_other_organizations(
    client: ApiClient, admin: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    theirs, nobodys = await sent(session, organization_id=THEIRS), await sent(session, organization_id=None)
    status = await post(client, path_of(await account(admin, SENDGRID)), bounce(theirs), bounce(nobodys, "e2"))
    await apply(session, settings, clock)

    assert (status, await standing(session, theirs), await standing(session, nobodys)) == (204, (None, []), (None, []))
    assert await listed(session) == []


async def test_same_event_of_two_accounts_is_two_events(client: ApiClient, admin: ApiClient, session: Session) -> None:
    delivery = uuid4()
    first, second = await account(admin, SENDGRID), await account(admin, SENDGRID, "other")
    for found in (first, second, first):
        assert await post(client, path_of(found), bounce(delivery)) == 204

    assert await states(session) == ["waiting", "waiting"]


async def test_events_of_an_account_that_was_forgotten_are_ignored(
    client: ApiClient, admin: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    delivery = await sent(session, organization_id=None)
    path = path_of(await account(admin, SENDGRID))
    await post(client, path, bounce(delivery))
    assert (await admin.delete("/v1/provider-accounts/acme")).status_code == 204
    await apply(session, settings, clock)

    assert (await states(session), await listed(session)) == (["ignored"], [])
    assert await post(client, path, bounce(delivery, "e2")) == 404


async def test_foreign_keys_and_accounts_without_a_key_are_refused(client: ApiClient, admin: ApiClient, session: Session) -> None:
    with_key, without = await account(admin, SENDGRID), await account(admin, {**SENDGRID, "config": {}}, "bare")
    statuses = [
        await post(client, path_of(with_key), bounce(uuid4()), key=FOREIGN_KEY),
        await post(client, path_of(without), bounce(uuid4())),
        await post(client, f"/v1/callbacks/accounts/{uuid4()}", bounce(uuid4())),
        await post(client, "/v1/callbacks/sendgrid", bounce(uuid4())),
    ]

    assert statuses == [403, 404, 404, 404]
    assert await states(session) == []
    await assert_nothing_published(session)


async def test_stop_to_an_organizations_own_number_counts_for_it_alone_until_start(
    client: ApiClient, admin: ApiClient, session: Session, settings: NotificationsSettings, clock: FrozenClock
) -> None:
    found = await account(admin, TWILIO)

    async def say(word: str) -> list[Any]:
        form = {"MessageSid": f"SM{word}", "SmsStatus": "received", "From": NUMBER, "Body": word}
        signed = found["callback_url"] + "".join(name + value for name, value in sorted(form.items()))
        signature = base64.b64encode(hmac.new(b"the-token-of-acme", signed.encode(), hashlib.sha1).digest()).decode()
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        assert (await client.post(path_of(found), content=urlencode(form), headers=headers)).status_code == 204
        await apply(session, settings, clock)
        clock.advance(timedelta(seconds=1))
        return await listed(session)

    assert await say("STOP") == [("opted_out", "organization", OURS, None, NUMBER)]
    assert await say("START") == []


async def test_reports_of_msg91_need_the_accounts_own_secret(client: ApiClient, admin: ApiClient, session: Session) -> None:
    path = path_of(await account(admin, MSG91))
    report = {"requestId": "3462", "number": NUMBER[1:], "status": "1", "CRQID": "x"}
    statuses = [
        (await client.post(f"{path}/{secret}", json=report)).status_code for secret in ("wrong", "a-secret-of-acme-alone")
    ]

    assert (statuses, await states(session)) == ([403, 204], ["waiting"])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**SENDGRID, "config": {"event_key": "bm8ga2V5"}}, "event_key: is no elliptic curve key"),
        (
            {**MSG91, "credentials": {"auth_key": "k", "callback_secret": "short"}},
            "callback_secret: Value should have at least 16",
        ),
    ],
)
async def test_account_whose_call_backs_could_not_be_checked_is_refused(
    admin: ApiClient, fields: dict[str, Any], said: str
) -> None:
    refused = await admin.put("/v1/provider-accounts/acme", json=fields)

    assert (refused.status_code, said in refused.json()["detail"]) == (422, True), refused.text


async def test_account_shows_where_its_provider_is_to_report(admin: ApiClient, session: Session) -> None:
    found = await account(admin, SENDGRID)
    silent = await account(admin, {"kind": "smtp", "config": {"host": "mail.acme.example"}}, "mail")
    key = await session.scalar(text("SELECT id FROM provider_accounts WHERE name = 'acme'"))

    assert found["callback_url"] == f"http://localhost:8002/v1/callbacks/accounts/{key}"
    assert silent["callback_url"] is None
