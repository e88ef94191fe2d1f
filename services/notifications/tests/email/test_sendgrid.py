"""Sending over SendGrid through real sockets: what arrives, what each failure is taken for, and what is asked afterwards."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.sandbox.smtp.tls import server_context
from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.email.mime import Attachment
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import Fate, Listed, LookupFailed
from services.notifications.tests.email.arrange import NOW, email, sandbox_with, sendgrid
from shared.testing.scripted_api import (
    HANG_UP,
    HANG_UP_IN_BODY,
    SILENCE,
    SILENCE_IN_BODY,
    ScriptedApi,
    scripted_api,
)

ERRORS = {"errors": [{"message": "no", "field": None}]}


async def test_mail_arrives_as_it_was_given() -> None:
    mail = email(
        "ann@example.com",
        name="Müller, Ann; Dr",
        text="Grüße\n.dot",
        html="<p>Grüße</p>",
        subject="Ihre Bestellung – नमस्ते",
        headers=(("List-Unsubscribe", "<https://waybill.example/u/1>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")),
        attachments=(Attachment("Rechnung ü.pdf", "application/pdf", b"%PDF"),),
    )
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answer = await provider.send(mail)
        (arrived,) = await sandbox.mails()
        file = (await sandbox.http.get(arrived["attachments"][0]["url"])).content

    headers = {header["name"]: header["value"] for header in arrived["headers"]}
    assert (answer.verdict.value, answer.code, answer.detail) == ("accepted", 202, "accepted")
    assert answer.provider_message_id == arrived["provider_id"].partition(".")[0]
    assert (arrived["subject"], arrived["text"], arrived["html"]) == (
        "Ihre Bestellung – नमस्ते",
        "Grüße\r\n.dot",
        "<p>Grüße</p>",
    )
    assert (arrived["message_id"], arrived["ref"]) == (mail.message_id, str(mail.delivery_id))
    assert (headers["From"], headers["To"]) == ("Waybill <waybill@example.com>", "Müller Ann Dr <ann@example.com>")
    assert (headers["Auto-Submitted"], headers["X-Entity-Ref-ID"]) == ("auto-generated", str(mail.delivery_id))
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (arrived["attachments"][0]["filename"], file) == ("Rechnung ü.pdf", b"%PDF")


async def test_request_holds_what_the_documents_ask_for_and_nothing_about_the_person_but_the_address() -> None:
    mail = email()
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await provider.send(mail)
        (request,) = await sandbox.requests("sendgrid")

    assert request == {
        "personalizations": [
            {
                "to": [{"email": "ann@example.com", "name": "Ann"}],
                "subject": "Your order",
                "headers": {
                    "Message-ID": mail.message_id,
                    "Auto-Submitted": "auto-generated",
                    "X-Entity-Ref-ID": str(mail.delivery_id),
                },
                "custom_args": {"ref": str(mail.delivery_id)},
            }
        ],
        "from": {"email": "waybill@example.com", "name": "Waybill"},
        "content": [{"type": "text/plain", "value": "Hello Ann"}, {"type": "text/html", "value": "<p>Hello Ann</p>"}],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "subscription_tracking": {"enable": False},
        },
    }


async def test_text_without_html_and_an_empty_one_are_taken() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answers = [await provider.send(email(html=None)), await provider.send(email(text="", html=None, name=None))]

    assert [answer.verdict.value for answer in answers] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"action": 400, "match": "gone@example.com"}, ("bad_recipient", 400, 0.0, False)),
        ({"action": 400, "match": "gone@example.com", "code": "subject"}, ("bad_content", 400, 0.0, False)),
        ({"action": 400, "code": "from.email"}, ("config", 400, 300.0, True)),
        ({"action": 401}, ("config", 401, 300.0, True)),
        ({"action": 403}, ("config", 403, 300.0, True)),
        ({"action": 413}, ("bad_content", 413, 0.0, False)),
        ({"action": 500}, ("transient", 500, 0.0, False)),
        ({"action": 503}, ("transient", 503, 0.0, False)),
        ({"action": "error_inside_200"}, ("bad_content", 200, 0.0, False)),
        ({"action": "error_inside_200", "text": "internal server error"}, ("transient", 200, 0.0, False)),
    ],
)
async def test_refusal_has_its_verdict_and_the_next_mail_goes_through(rule: dict[str, Any], expected: tuple[Any, ...]) -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {**rule, "times": 1})
        answer = await provider.send(email("gone@example.com"))
        later = await provider.send(email())
        arrived = await sandbox.recipients()

    assert (answer.verdict.value, answer.code, answer.retry_after_s, answer.closes) == expected
    assert (later.verdict.value, arrived) == ("accepted", ["ann@example.com"])


async def test_key_that_is_refused_leaves_the_account_alone() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid", key="wrong") as provider:
        answer = await provider.send(email())

    assert (answer.verdict.value, answer.detail, answer.retry_after_s, answer.closes) == (
        "config",
        "authorization required",
        300.0,
        True,
    )


async def test_throttled_account_rests_until_its_window_ends() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"action": "rate_limit", "seconds": 30})
        answer = await provider.send(email())

    assert (answer.verdict.value, answer.closes, answer.remaining) == ("throttled", True, 0)
    assert 28 < answer.retry_after_s <= 31
    assert answer.reset_s == answer.retry_after_s


async def test_acceptance_tells_what_the_rate_limit_leaves() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        first, second = await provider.send(email()), await provider.send(email())

    assert 0 <= (second.reset_s or -1) <= 60
    assert (first.remaining, second.remaining) in ((99_999, 99_998), (99_999, 99_999))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HANG_UP, "unknown"),
        (SILENCE, "unknown"),
    ],
)
@pytest.mark.parametrize("bulk", [False, True])
async def test_call_that_ends_after_the_request_is_unknown(answer: str, expected: str, bulk: bool) -> None:
    async with scripted_api() as api, sendgrid(api.url, time_factor=0.02) as provider:
        api.answers.append(answer)
        began = time.monotonic()
        found = await asyncio.gather(provider.send(email("a@example.com", bulk=bulk)), provider.send(email(bulk=bulk)))

    assert [one.verdict.value for one in found] == [expected, expected]
    assert [one.closes for one in found] == [False, False]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("answer", [HANG_UP_IN_BODY, SILENCE_IN_BODY])
async def test_call_that_ends_before_the_request_is_whole_has_sent_nothing(answer: str) -> None:
    large = Attachment("large.bin", "application/octet-stream", bytes(20_000_000))
    async with scripted_api() as api, sendgrid(api.url, time_factor=0.1) as provider:
        api.answers.append(answer)
        found = await provider.send(email(attachments=(large,)))

    assert (found.verdict.value, found.closes, "(request)" in found.detail) == ("transient", False, True)


async def test_provider_that_is_away_costs_no_try_and_is_left_alone_for_a_while() -> None:
    async with scripted_api() as api:
        url = api.url
    async with sendgrid(url) as provider:
        found = await provider.send(email())

    assert (found.verdict.value, found.retry_after_s, found.closes) == ("throttled", 15.0, True)


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (202, b"<html>", {}, ("unknown", 0.0)),
        (200, b"", {}, ("unknown", 0.0)),
        (200, b"<html>log in</html>", {}, ("unknown", 0.0)),
        (202, b"[" * 5000 + b"]" * 5000, {}, ("unknown", 0.0)),
        (202, ERRORS, {}, ("bad_content", 0.0)),
        (503, b"", {"Retry-After": "17"}, ("transient", 17.0)),
        (503, b"", {"Retry-After": "999999999999"}, ("transient", 3600.0)),
        (429, b"", {"Retry-After": "999999999999"}, ("throttled", 3600.0)),
        (403, b"", {"Retry-After": "17"}, ("config", 300.0)),
        (429, ERRORS, {}, ("throttled", 60.0)),
        (301, b"", {"Location": "/elsewhere"}, ("config", 300.0)),
        (500, b"\xff\x00", {}, ("transient", 0.0)),
    ],
)
async def test_strange_answers_have_their_verdicts(
    status: int, body: Any, headers: dict[str, str], expected: tuple[str, float]
) -> None:
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(status, body, headers)
        found = await provider.send(email())

    assert (found.verdict.value, found.retry_after_s) == expected


async def test_detail_quotes_no_address() -> None:
    said = {"errors": [{"message": "<Ann@Example.com> and bob@example.com are wrong", "field": "personalizations.0.to"}]}
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(400, said)
        found = await provider.send(email())

    assert found.detail == "personalizations.0.to: <(address)> and (address) are wrong"


async def test_id_is_what_stands_before_the_dot_and_may_be_missing() -> None:
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(202, b"", {"X-Message-Id": "abc.filter1"})
        api.say(202)
        found = [await provider.send(email()), await provider.send(email())]

    assert [one.provider_message_id for one in found] == ["abc", None]


async def test_accepted_mail_whose_answer_never_comes_is_unknown_and_was_sent() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid", time_factor=0.04) as provider:
        await sandbox.faults("sendgrid", {"action": "timeout_after_accept", "seconds": 3})
        found = await provider.send(email())
        (arrived,) = await sandbox.mails()

    assert (found.verdict.value, arrived["answered"]) == ("unknown", False)


async def test_bounce_list_is_read_from_the_first_page_to_the_last() -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"match": "gone*", "action": "bounce"})
        await asyncio.gather(*(provider.send(email(f"gone{number}@example.com", bulk=True)) for number in range(620)))
        await provider.send(email())
        found = await provider.bounces(since)
        later = await provider.bounces(since + timedelta(hours=2))

    assert sorted(bounce.address for bounce in found) == sorted(f"gone{number}@example.com" for number in range(620))
    assert (found[0].status, found[0].listed, found[0].at >= since, later) == ("5.1.1", Listed.BOUNCED, True, [])


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ("delivered", Receipt.DELIVERED),
        ("deferred", Receipt.DELIVERED),
        ("silent", Receipt.PROCESSED),
        ("bounce", Receipt.BOUNCED_HARD),
        ("soft_bounce", Receipt.BOUNCED_SOFT),
        ("blocked", Receipt.BLOCKED),
        ("dropped", Receipt.BOUNCED_HARD),
        ("complaint", Receipt.COMPLAINED),
    ],
)
async def test_fate_of_one_mail_of_a_batch_is_found(fate: str, expected: Receipt) -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        await sandbox.faults("sendgrid", {"match": "ann@*", "action": fate})
        answers = await asyncio.gather(*(provider.send(email(to, bulk=True)) for to in ("bob@example.com", "ann@example.com")))
        message_id = answers[0].provider_message_id or ""
        found = await provider.fate(message_id, "ann@example.com")
        others = await provider.fate(message_id, "carl@example.com")

    assert message_id == answers[1].provider_message_id
    assert found is not None
    assert (found.kind, found.at is not None, others) == (expected, True, None)


async def test_account_without_email_activity_knows_no_fates() -> None:
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(403, ERRORS)

        assert await provider.fate("abc", "ann@example.com") is None
        with pytest.raises(LookupFailed, match="SendGrid answered 403 to suppression/bounces"):
            await provider.bounces(NOW)


async def test_lookups_that_fail_say_so(caplog: pytest.LogCaptureFixture) -> None:
    async with scripted_api() as api, sendgrid(api.url, time_factor=0.02) as provider:
        _unreadable_then_silent(api)

        with pytest.raises(LookupFailed, match="SendGrid answered 200"):
            await provider.bounces(NOW)
        with pytest.raises(LookupFailed, match="did not answer in time"):
            await provider.fate("abc", "ann@example.com")
    assert caplog.records == []


async def test_events_of_a_message_give_its_worst_with_reason_and_without_address() -> None:
    bounced = {
        "event_name": "bounced",
        "bounce_type": "hard",
        "processed": "2026-11-21T10:00:00Z",
        "reason": "550 5.1.1 <ann@example.com> unknown",
    }
    async with scripted_api() as api, sendgrid(api.url) as provider:
        api.say(200, {"messages": [{"msg_id": "abc.filter", "status": "not_delivered"}]})
        api.say(200, {"events": [{"event_name": "opened"}, bounced, {"event_name": "processed", "processed": "x"}]})
        found = await provider.fate("abc", "ann@example.com")

    at = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert found == Fate(Receipt.BOUNCED_HARD, at, "5.1.1", "550 5.1.1 <(address)> unknown", Verdict.BAD_RECIPIENT)
    assert api.requests[0][0] == (
        "GET /v3/messages?query=msg_id%20LIKE%20%22abc%25%22%20AND%20to_email%3D%22ann%40example.com%22&limit=10 HTTP/1.1"
    )


def _unreadable_then_silent(api: ScriptedApi) -> None:
    api.say(200, b"<html>")
    api.answers.append(SILENCE)


async def test_certificate_that_is_not_trusted_is_a_matter_of_settings() -> None:
    context, _ = server_context()
    async with scripted_api(context) as api, sendgrid(api.url.replace("http:", "https:")) as provider:
        found = await provider.send(email())

    assert (found.verdict.value, found.retry_after_s, found.closes) == ("config", 300.0, True)
    assert api.requests == []


async def test_more_mails_than_connections_all_get_their_turn() -> None:
    async with sandbox_with() as sandbox, sendgrid(f"{sandbox.url}/sendgrid") as provider:
        answers = await asyncio.gather(*(provider.send(email(f"p{number}@example.com")) for number in range(250)))
        stats = (await sandbox.http.get("/mail/stats")).json()

    assert {answer.verdict.value for answer in answers} == {"accepted"}
    assert (stats["messages"], stats["surplus"]) == (250, 0)
