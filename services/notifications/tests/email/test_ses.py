"""Sending over Amazon SES through real sockets: what arrives, what each failure is taken for, and what is asked afterwards."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.sandbox.ses.lookups import MAX_SEND_RATE
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.email.mime import Attachment
from services.notifications.email.ses import SesAccount
from services.notifications.email.sigv4 import AwsKey
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import Fate, Listed, LookupFailed
from services.notifications.tests.email.arrange import NOW, email, sandbox_with, ses
from shared.testing.scripted_api import HANG_UP, HANG_UP_IN_BODY, SILENCE, scripted_api


async def test_mail_arrives_byte_for_byte_as_every_provider_would_send_it() -> None:
    mail = email(
        "ann@example.com",
        text="Grüße",
        subject="नमस्ते",
        attachments=(Attachment("a.pdf", "application/pdf", b"%PDF"),),
        headers=(("List-Unsubscribe", "<https://waybill.example/u/1>"),),
    )
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses", configuration_set="waybill") as provider:
        answer = await provider.send(mail)
        (arrived,) = await sandbox.mails()
        raw = (await sandbox.http.get(f"/mail/{arrived['id']}/raw")).content
        (request,) = await sandbox.requests("ses")

    assert (answer.verdict.value, answer.code, answer.provider_message_id) == ("accepted", 200, arrived["provider_id"])
    assert (raw, arrived["ref"]) == (mail.mime(), str(mail.delivery_id))
    assert {name: value for name, value in request.items() if name != "Content"} == {
        "FromEmailAddress": "waybill@example.com",
        "Destination": {"ToAddresses": ["ann@example.com"]},
        "EmailTags": [{"Name": "ref", "Value": str(mail.delivery_id)}],
        "ConfigurationSetName": "waybill",
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"action": "rate_limit"}, ("throttled", 429, 2.0, True)),
        ({"action": 400, "code": "LimitExceededException"}, ("throttled", 400, 900.0, True)),
        ({"action": 400, "code": "AccountSuspendedException"}, ("config", 400, 300.0, True)),
        ({"action": 400, "code": "SendingPausedException"}, ("config", 400, 300.0, True)),
        ({"action": 400, "code": "MailFromDomainNotVerifiedException"}, ("config", 400, 300.0, True)),
        ({"action": 400, "code": "MessageRejected"}, ("bad_content", 400, 0.0, False)),
        ({"action": 400, "code": "BadRequestException"}, ("bad_content", 400, 0.0, False)),
        ({"action": 404}, ("config", 404, 300.0, True)),
        ({"action": 500}, ("transient", 500, 0.0, False)),
        ({"action": "error_inside_200", "code": "MessageRejected"}, ("bad_content", 200, 0.0, False)),
        ({"action": "error_inside_200", "code": "SomethingNew"}, ("unknown", 200, 0.0, False)),
    ],
)
async def test_refusal_has_its_verdict_and_the_next_mail_goes_through(rule: dict[str, Any], expected: tuple[Any, ...]) -> None:
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        await sandbox.faults("ses", {**rule, "times": 1})
        answer = await provider.send(email("gone@example.com"))
        later = await provider.send(email())
        arrived = await sandbox.recipients()

    assert (answer.verdict.value, answer.code, answer.retry_after_s, answer.closes) == expected
    assert (later.verdict.value, arrived) == ("accepted", ["ann@example.com"])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (AwsKey("sandbox", "wrong"), "InvalidSignatureException"),
        (AwsKey("wrong", "sandbox"), "UnrecognizedClientException"),
    ],
)
async def test_key_that_is_refused_leaves_the_account_alone(key: AwsKey, said: str) -> None:
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses", key=key) as provider:
        answer = await provider.send(email())

    assert (answer.verdict.value, answer.code, answer.retry_after_s, answer.closes) == ("config", 403, 300.0, True)
    assert answer.detail.startswith(said)


async def test_sender_that_is_not_verified_is_a_matter_of_the_account_and_not_of_the_mail() -> None:
    said = "Email address is not verified. The following identities failed the check in region AP-SOUTH-1: waybill@example.com"
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        await sandbox.faults("ses", {"action": 400, "code": "MessageRejected", "text": said})
        answer = await provider.send(email())

    assert (answer.verdict.value, answer.closes, "@" in answer.detail) == ("config", True, False)


async def test_address_beyond_ascii_is_not_offered() -> None:
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        refused = await provider.send(email("büro@example.com"))
        domain = await provider.send(email("ann@bücher.example"))
        arrived = await sandbox.recipients()

    assert (refused.verdict.value, refused.of_recipient, domain.verdict.value, arrived) == (
        "blocked",
        True,
        "accepted",
        ["ann@xn--bcher-kva.example"],
    )


@pytest.mark.parametrize("answer", [HANG_UP, SILENCE])
async def test_call_that_ends_after_the_request_is_unknown(answer: str) -> None:
    async with scripted_api() as api, ses(api.url, time_factor=0.02) as provider:
        api.answers.append(answer)
        began = time.monotonic()
        found = await provider.send(email())

    assert (found.verdict.value, found.closes, time.monotonic() - began < 5) == ("unknown", False, True)


async def test_call_that_ends_before_the_request_is_whole_has_sent_nothing() -> None:
    large = Attachment("large.bin", "application/octet-stream", bytes(15_000_000))
    async with scripted_api() as api, ses(api.url) as provider:
        api.answers.append(HANG_UP_IN_BODY)
        found = await provider.send(email(attachments=(large,)))

    assert (found.verdict.value, found.closes) == ("transient", False)


async def test_provider_that_is_away_costs_no_try_and_is_left_alone_for_a_while() -> None:
    async with scripted_api() as api:
        url = api.url
    async with ses(url) as provider:
        found = await provider.send(email())

    assert (found.verdict.value, found.retry_after_s, found.closes) == ("throttled", 15.0, True)


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (200, b"<html>", {}, ("unknown", 0.0)),
        (200, b"", {}, ("unknown", 0.0)),
        (200, {}, {}, ("unknown", 0.0)),
        (200, b"[" * 5000 + b"]" * 5000, {}, ("unknown", 0.0)),
        (200, {"MessageId": ""}, {}, ("unknown", 0.0)),
        (200, {"MessageId": 7}, {}, ("unknown", 0.0)),
        (200, {"MessageId": "x", "__type": "TooManyRequestsException"}, {}, ("throttled", 2.0)),
        (429, b"", {"Retry-After": "11"}, ("throttled", 11.0)),
        (429, b"", {"Retry-After": "999999999999"}, ("throttled", 3600.0)),
        (503, b"upstream", {}, ("transient", 0.0)),
    ],
)
async def test_strange_answers_have_their_verdicts(
    status: int, body: Any, headers: dict[str, str], expected: tuple[str, float]
) -> None:
    async with scripted_api() as api, ses(api.url) as provider:
        api.say(status, body, headers)
        found = await provider.send(email())

    assert (found.verdict.value, found.retry_after_s) == expected


async def test_suppression_list_is_read_from_the_first_page_to_the_last() -> None:
    entries = [{"EmailAddress": f"p{n}@example.com", "Reason": "BOUNCE", "LastUpdateTime": 1_795_262_400.5} for n in range(2)]
    complaint = {"EmailAddress": "carl@example.com", "Reason": "COMPLAINT", "LastUpdateTime": "2026-11-21T12:00:00Z"}
    async with scripted_api() as api, ses(api.url) as provider:
        api.say(200, {"SuppressedDestinationSummaries": entries, "NextToken": "a/b="})
        api.say(200, {"SuppressedDestinationSummaries": [complaint, {"EmailAddress": "undated@example.com"}]})
        found = await provider.bounces(NOW - timedelta(hours=6))

    assert [(one.address, one.reason, one.listed is Listed.COMPLAINED) for one in found] == [
        ("p0@example.com", "bounce", False),
        ("p1@example.com", "bounce", False),
        ("carl@example.com", "complaint", True),
    ]
    listed = "/v2/email/suppression/addresses?Reason=BOUNCE&Reason=COMPLAINT&PageSize=1000&StartDate=2026-11-21T06%3A00%3A00Z"
    assert [request[0] for request in api.requests] == [f"GET {listed} HTTP/1.1", f"GET {listed}&NextToken=a%2Fb%3D HTTP/1.1"]


async def test_stand_in_lists_bounces_and_complaints_to_signed_questions() -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        await sandbox.faults(
            "ses", {"match": "gone@*", "action": "bounce"}, {"match": "cross@*", "action": "complaint"}, {"action": "delivered"}
        )
        for to in ("gone@example.com", "cross@example.com", "ann@example.com"):
            await provider.send(email(to))
        found = await provider.bounces(since)

    assert [(one.address, one.listed.value) for one in found] == [
        ("gone@example.com", "bounced"),
        ("cross@example.com", "complained"),
    ]


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("delivered", Receipt.DELIVERED),
        ("deferred", Receipt.DELIVERED),
        ("silent", Receipt.PROCESSED),
        ("bounce", Receipt.BOUNCED_HARD),
        ("soft_bounce", Receipt.BOUNCED_SOFT),
        ("blocked", Receipt.BLOCKED),
        ("dropped", Receipt.SUPPRESSED),
        ("complaint", Receipt.COMPLAINED),
    ],
)
async def test_fate_of_a_mail_is_found(fate: str, expected: Receipt) -> None:
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        await sandbox.faults("ses", {"action": fate})
        answer = await provider.send(email())
        found = await provider.fate(answer.provider_message_id or "", "ann@example.com")
        unknown = await provider.fate("no such/message", "ann@example.com")

    assert found is not None
    assert (found.kind, found.at is not None, unknown) == (expected, True, None)


async def test_insights_give_code_and_reason_without_address_and_only_the_recipients_own() -> None:
    bounce = {"BounceType": "PERMANENT", "BounceSubType": "General", "DiagnosticCode": "smtp; 550 5.1.1 <ann@example.com> gone"}
    ours = {"Timestamp": 1_795_262_400.0, "Type": "BOUNCE", "Details": {"Bounce": bounce}}
    insights = [
        {"Destination": "ann@example.com", "Events": [{"Type": "SEND", "Timestamp": 1_795_262_399.0}, ours, {"Type": "OPEN"}]},
        {"Destination": "bob@example.com", "Events": [{"Type": "COMPLAINT", "Timestamp": 1_795_262_400.0}]},
    ]
    async with scripted_api() as api, ses(api.url) as provider:
        api.say(200, {"Insights": insights})
        found = await provider.fate("0109-x", "Ann@example.com")

    at = datetime.fromtimestamp(1_795_262_400, UTC)
    assert found == Fate(Receipt.BOUNCED_HARD, at, "5.1.1", "smtp; 550 5.1.1 <(address)> gone", Verdict.BAD_RECIPIENT)
    assert api.requests[0][0] == "GET /v2/email/insights/0109-x/ HTTP/1.1"


async def test_lookups_that_fail_say_so() -> None:
    async with scripted_api() as api, ses(api.url) as provider:
        api.say(403, {"message": "no"}, {"x-amzn-ErrorType": "AccessDeniedException"})

        with pytest.raises(LookupFailed, match="Amazon SES answered 403 AccessDeniedException"):
            await provider.bounces(NOW)


def test_account_is_reached_in_its_region_unless_told_otherwise() -> None:
    assert SesAccount("ap-south-1", AwsKey("a", "b")).base_url == "https://email.ap-south-1.amazonaws.com"


async def test_account_says_how_fast_it_may_be_sent_by_and_what_is_no_rate_is_none() -> None:
    async with sandbox_with() as sandbox, ses(f"{sandbox.url}/ses") as provider:
        assert await provider.max_per_s() == MAX_SEND_RATE
    bodies: list[Any] = [{"SendQuota": {"MaxSendRate": rate}} for rate in ("fast", -1, None)]
    async with scripted_api() as api, ses(api.url) as provider:
        for body in [*bodies, {"SendQuota": 7}, [], b"no JSON"]:
            api.answers.clear()
            api.say(200, body)
            assert await provider.max_per_s() is None
