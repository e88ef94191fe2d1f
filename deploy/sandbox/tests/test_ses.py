"""Amazon SES's stand-in: signatures, what it refuses, what it is told to do wrong, and its events through SNS."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped] # botocore has no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped] # as above
from botocore.credentials import Credentials  # type: ignore[import-untyped] # as above
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from deploy.sandbox.tests.conftest import Harness, Start
from deploy.sandbox.tests.subscriber import Subscriber, subscriber

RAW = b"From: waybill@example.com\r\nTo: ann@example.com\r\nSubject: Hello\r\nMessage-ID: <m@x>\r\n\r\nHello\r\n"
MAIL: dict[str, Any] = {
    "FromEmailAddress": "waybill@example.com",
    "Destination": {"ToAddresses": ["Ann@example.com"]},
    "Content": {"Raw": {"Data": base64.b64encode(RAW).decode()}},
    "EmailTags": [{"Name": "ref", "Value": "r-1"}],
    "ConfigurationSetName": "waybill",
}
RIGHT = "sandbox"
SEND = "/ses/v2/email/outbound-emails"


async def call(
    sandbox: Harness, method: str, path: str, body: Any = None, *, secret: str = RIGHT, region: str = "ap-south-1"
) -> httpx.Response:
    """A request that botocore has signed."""
    content = json.dumps(body).encode() if body is not None else b""
    url = str(sandbox.http.base_url.join(path))
    request = AWSRequest(method, url, headers={"Content-Type": "application/json"}, data=content)
    SigV4Auth(Credentials("sandbox", secret), "ses", region).add_auth(request)
    return await sandbox.http.request(method, url, content=content, headers=dict(request.headers.items()))


async def send(sandbox: Harness, mail: Any = MAIL, **login: str) -> httpx.Response:
    return await call(sandbox, "POST", SEND, mail, **login)


async def told(caller: Subscriber, count: int) -> list[dict[str, Any]]:
    return [json.loads(json.loads(one.body)["Message"]) for one in await caller.arrived(count)]


async def test_mail_that_botocore_has_signed_is_taken_with_its_id(sandbox: Harness) -> None:
    answer = await send(sandbox)
    mail = (await sandbox.get("/mail"))["items"][0]

    assert (answer.status_code, answer.json()) == (200, {"MessageId": mail["provider_id"]})
    assert (await sandbox.http.get(f"/mail/{mail['id']}/raw")).content == RAW
    assert (mail["provider"], mail["ref"], mail["message_id"], mail["envelope"]) == (
        "ses",
        "r-1",
        "<m@x>",
        {"mail_from": "waybill@example.com", "rcpt_to": ["ann@example.com"]},
    )


@pytest.mark.parametrize("path", ["/ses/v2/email/account", "/ses/v2/email/suppression/addresses?Reason=BOUNCE&PageSize=10"])
async def test_questions_that_botocore_has_signed_are_answered(sandbox: Harness, path: str) -> None:
    assert (await call(sandbox, "GET", path)).status_code == 200
    assert (await call(sandbox, "GET", path, secret="wrong")).status_code == 403


async def test_signature_that_is_not_good_is_refused_by_its_fault(sandbox: Harness) -> None:
    unsigned = await sandbox.http.post(SEND, json=MAIL)
    wrong = await send(sandbox, secret="wrong")
    elsewhere = await send(sandbox, region="us-east-1")

    assert [answer.status_code for answer in (unsigned, wrong, elsewhere)] == [403, 403, 403]
    assert [answer.headers["x-amzn-ErrorType"].partition(":")[0] for answer in (unsigned, wrong, elsewhere)] == [
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "InvalidSignatureException",
    ]
    assert await sandbox.count() == 0


@pytest.mark.parametrize("change", ["body", "time", "query"])
async def test_signature_covers_body_time_and_query(sandbox: Harness, change: str) -> None:
    content = json.dumps(MAIL).encode()
    url = str(sandbox.http.base_url.join(SEND))
    request = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=content)
    SigV4Auth(Credentials("sandbox", "sandbox"), "ses", "ap-south-1").add_auth(request)
    headers = dict(request.headers.items())
    if change == "time":
        headers["X-Amz-Date"] = (datetime.now(UTC) - timedelta(minutes=16)).strftime("%Y%m%dT%H%M%SZ")
    answer = await sandbox.http.post(
        url + ("?a=b" if change == "query" else ""), content=content + (b" " if change == "body" else b""), headers=headers
    )

    assert answer.status_code == 403


def changed(**members: Any) -> dict[str, Any]:
    return {**MAIL, **members}


@pytest.mark.parametrize(
    "mail",
    [
        {},
        changed(Surprise=1),
        changed(Destination={"ToAddresses": []}),
        changed(Destination={"ToAddresses": [f"p{n}@example.com" for n in range(51)]}),
        changed(Destination={"ToAddresses": ["büro@example.com"]}),
        changed(Content={"Raw": {"Data": "no base64"}}),
        changed(Content={"Raw": {"Data": base64.b64encode(b"To: a@b.example\r\n\r\nx").decode()}}),
        changed(Content={"Raw": {"Data": base64.b64encode(RAW + "ü".encode()).decode()}}),
        changed(EmailTags=[{"Name": "ref", "Value": "a b"}]),
        changed(ConfigurationSetName=""),
    ],
)
async def test_request_that_the_model_does_not_allow_is_refused(sandbox: Harness, mail: dict[str, Any]) -> None:
    answer = await send(sandbox, mail)

    assert (answer.status_code, answer.headers["x-amzn-ErrorType"].partition(":")[0]) == (400, "BadRequestException")
    assert await sandbox.count() == 0


@pytest.mark.parametrize(
    ("rule", "status", "kind"),
    [
        ({"action": "rate_limit"}, 429, "TooManyRequestsException"),
        ({"action": 400, "code": "AccountSuspendedException"}, 400, "AccountSuspendedException"),
        ({"action": 503, "code": "ServiceUnavailable"}, 503, "ServiceUnavailable"),
        ({"action": "error_inside_200", "code": "MessageRejected"}, 200, "MessageRejected"),
    ],
)
async def test_rule_decides_the_answer(sandbox: Harness, rule: dict[str, Any], status: int, kind: str) -> None:
    await sandbox.http.put("/faults/ses", json=[rule])
    answer = await send(sandbox)

    assert (answer.status_code, await sandbox.count()) == (status, 0)
    assert kind in (answer.headers.get("x-amzn-ErrorType", "").partition(":")[0], answer.json().get("__type"))


@pytest.mark.parametrize("version", ["1", "2"])
async def test_messages_of_both_signature_versions_prove_true(start: Start, version: str) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url, sns_signature_version=version)
        await send(sandbox)
        calls = await caller.arrived(2)
        for one in calls:
            message = json.loads(one.body)
            assert (message["SignatureVersion"], one.headers["x-amz-sns-message-type"]) == (version, "Notification")
            assert (one.path, one.headers["x-amz-sns-message-id"]) == ("/v1/callbacks/sns", message["MessageId"])
            await _verify(sandbox, message)
        with pytest.raises(InvalidSignature):
            await _verify(sandbox, {**json.loads(calls[0].body), "TopicArn": "arn:aws:sns:ap-south-1:000000000000:other"})


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("delivered", ["Delivery", "Send"]),
        ("deferred", ["Delivery", "DeliveryDelay", "Send"]),
        ("bounce", ["Bounce", "Send"]),
        ("complaint", ["Complaint", "Delivery", "Send"]),
        ("unsubscribe", ["Delivery", "Send", "Subscription"]),
        ("opened", ["Delivery", "Open", "Send"]),
    ],
)
async def test_fate_is_told_by_its_events(start: Start, fate: str, expected: list[str]) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/ses", json=[{"action": fate}])
        message_id = (await send(sandbox)).json()["MessageId"]
        events = await told(caller, len(expected))

    assert sorted(event["eventType"] for event in events) == expected
    assert {(event["mail"]["messageId"], event["mail"]["tags"]["ref"][0]) for event in events} == {(message_id, "r-1")}


@pytest.mark.parametrize(
    ("fate", "kinds"),
    [
        ("bounce", ("Permanent", "General", "5.1.1")),
        ("soft_bounce", ("Transient", "MailboxFull", "4.2.2")),
        ("blocked", ("Transient", "ContentRejected", "5.7.1")),
        ("dropped", ("Permanent", "OnAccountSuppressionList", "5.1.1")),
    ],
)
async def test_without_a_configuration_set_bounces_come_as_notifications_of_an_identity(
    start: Start, fate: str, kinds: tuple[str, str, str]
) -> None:
    mail = {name: value for name, value in MAIL.items() if name != "ConfigurationSetName"}
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/ses", json=[{"action": fate}])
        await send(sandbox, mail)
        (event,) = await told(caller, 1)

    bounce = event["bounce"]
    assert (event["notificationType"], "tags" in event["mail"]) == ("Bounce", False)
    assert (bounce["bounceType"], bounce["bounceSubType"], bounce["bouncedRecipients"][0]["status"]) == kinds
    assert [one["emailAddress"] for one in bounce["bouncedRecipients"]] == ["ann@example.com"]


async def test_events_repeat_with_their_ids_and_come_in_the_opposite_order(start: Start) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.put("/faults/ses", json=[{"action": "bounce", "repeat": 2, "reorder": True}])
        await send(sandbox)
        events = [event["eventType"] for event in await told(caller, 4)]
        ids = {one.headers["x-amz-sns-message-id"] for one in caller.calls}

    assert (events, len(ids)) == (["Bounce", "Bounce", "Send", "Send"], 2)


async def test_subscription_is_confirmed_by_its_url_and_by_no_other_token(start: Start) -> None:
    async with subscriber() as caller:
        sandbox = await start(callback_url=caller.url)
        await sandbox.http.post("/ses/subscription", json={"version": "1"})
        message = json.loads((await caller.arrived(1))[0].body)
        await _verify(sandbox, message)
        forged = await sandbox.http.get(message["SubscribeURL"].replace(message["Token"], "0" * 128))
        before = await sandbox.get("/ses/subscription")
        confirmed = await sandbox.http.get(message["SubscribeURL"])
        after = await sandbox.get("/ses/subscription")

    assert (message["Type"], message["SignatureVersion"]) == ("SubscriptionConfirmation", "1")
    assert (forged.status_code, confirmed.status_code) == (400, 200)
    assert (before["confirmed"], after["confirmed"]) == (False, True)


async def test_confirmation_needs_somebody_to_call(sandbox: Harness) -> None:
    assert (await sandbox.http.post("/ses/subscription")).json()["code"] == "nobody_to_call"


async def test_suppression_list_comes_in_pages(sandbox: Harness) -> None:
    await sandbox.http.put("/faults/ses", json=[{"action": "bounce"}])
    for number in range(3):
        await send(sandbox, changed(Destination={"ToAddresses": [f"p{number}@example.com"]}))
    path = "/ses/v2/email/suppression/addresses?PageSize=2"
    first = (await call(sandbox, "GET", path)).json()
    second = (await call(sandbox, "GET", f"{path}&NextToken={first['NextToken']}")).json()

    listed = [one["EmailAddress"] for page in (first, second) for one in page["SuppressedDestinationSummaries"]]
    assert (listed, "NextToken" in second) == ([f"p{number}@example.com" for number in range(3)], False)


async def _verify(sandbox: Harness, message: dict[str, Any]) -> None:
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    certificate = x509.load_pem_x509_certificate((await sandbox.http.get(message["SigningCertURL"])).content)
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    digest = hashes.SHA256() if message["SignatureVersion"] == "2" else hashes.SHA1()  # noqa: S303 - version 1 of SNS is that
    key.verify(base64.b64decode(message["Signature"]), signed.encode(), padding.PKCS1v15(), digest)
