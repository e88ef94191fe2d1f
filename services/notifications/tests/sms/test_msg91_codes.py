"""Every error of MSG91's over the wire, and every status of its delivery reports."""

from typing import Any, Final

import pytest

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.providers.findings import finding
from services.notifications.sms.msg91_codes import VERDICTS, fate_of_report, verdict_of
from services.notifications.tests.sms.sms_server import DLT, SmsServer, sms

# HTTP status, code inside, verdict, whether the account is closed, and for how long
REFUSALS: Final = [
    (400, 101, "bad_recipient", False, 0),
    (400, 102, "bad_content", False, 0),
    # The header comes with the registered text; others are still sent.
    (400, 103, "config", False, 3600),
    (401, 106, "config", True, 300),
    (401, 201, "config", True, 300),
    (400, 202, "bad_recipient", False, 0),
    (400, 203, "config", False, 3600),
    (401, 207, "config", True, 300),
    (403, 208, "config", True, 300),
    (400, 301, "config", True, 300),
    (400, 302, "config", True, 300),
    (400, 303, "config", True, 300),
    (400, 306, "transient", False, 0),
    (400, 310, "bad_content", False, 0),
    (400, 311, "unknown", False, 0),
    (400, 400, "bad_content", False, 0),
    (401, 401, "config", True, 300),
    (418, 418, "config", True, 300),
    (429, 429, "throttled", True, 60),
    (400, 651, "transient", False, 600),
    (418, None, "config", True, 300),
    (401, None, "config", True, 300),
    (403, None, "config", True, 300),
    (404, None, "config", True, 300),
    (429, None, "throttled", True, 60),
    (500, None, "transient", False, 0),
    (503, 99_999, "transient", False, 0),
]


@pytest.mark.parametrize(("status", "code", "verdict", "closes", "wait_s"), REFUSALS)
async def test_refusal_has_its_verdict(
    server: SmsServer, status: int, code: int | None, verdict: str, closes: bool, wait_s: float
) -> None:
    coded: dict[str, Any] = {"code": code} if code is not None else {}
    await server.faults("msg91", {"action": "status", "status": status, "text": "No: 919812345678", **coded})

    answer = await server.msg91().send(sms(dlt=DLT))

    assert (answer.verdict, answer.code, answer.closes) == (Verdict(verdict), code or status, closes)
    assert (answer.retry_after_s, answer.detail) == (wait_s, "No: recipient")
    assert await server.received() == []


@pytest.mark.parametrize("code", sorted(VERDICTS))
async def test_error_under_the_status_of_success_has_the_verdict_of_its_code(server: SmsServer, code: int) -> None:
    await server.faults("msg91", {"action": "error_inside_200", "code": code, "text": "An error"})

    answer = await server.msg91().send(sms(dlt=DLT))

    assert (answer.verdict, answer.code, answer.provider_message_id) == (VERDICTS[code], code, None)


@pytest.mark.parametrize("fault", [{"code": 651, "text": "An error"}, {"text": "DLT scrubbing failed: 651"}])
async def test_text_that_comes_after_its_hours_is_looked_at_again_and_says_nothing_of_the_account(
    server: SmsServer, fault: dict[str, Any]
) -> None:
    await server.faults("msg91", {"action": "error_inside_200", **fault})

    answer = await server.msg91().send(sms(dlt=DLT))

    assert (answer.verdict, answer.retry_after_s, answer.closes) == (Verdict.TRANSIENT, 600.0, False)
    assert not finding(answer, 0.1).failed


def test_every_code_has_a_row() -> None:
    assert {code for _, code, *_ in REFUSALS} >= VERDICTS.keys()


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("Authentication failure", "config"),
        ("Your IP is not whitelisted", "config"),
        ("Insufficient balance to send SMS", "config"),
        ("Daily limit reached", "throttled"),
        # A number is written off by a code alone: these are about our template and our account.
        ("Invalid mobile number", "bad_content"),
        ("Template variable VAR1 missing for recipients", "bad_content"),
        ("DLT entity not mapped: mobiles not sent", "bad_content"),
        ("phone sender id not approved", "bad_content"),
        ("Recipient campaign is paused", "bad_content"),
        ("template id missing or invalid template", "bad_content"),
        ("DLT error 651", "transient"),
        ("something else", "bad_content"),
        ("", "bad_content"),
    ],
)
async def test_error_without_a_code_goes_by_its_words(server: SmsServer, message: str, verdict: str) -> None:
    assert verdict_of(message) is Verdict(verdict)
    if message:
        await server.faults("msg91", {"action": "error_inside_200", "text": message})
        answer = await server.msg91().send(sms(dlt=DLT))
        assert (answer.verdict, answer.code) == (Verdict(verdict), 200)


# status, promotional, reason, kind, receipt, verdict
REPORTS: Final = [
    ("1", False, "", "delivered", Receipt.DELIVERED, None),
    ("2", False, "", "failed", Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT),
    ("2", False, "DLT scrubbing failed: 651", "rejected", Receipt.BOUNCED_SOFT, Verdict.TRANSIENT),
    ("9", True, "", "do_not_disturb", Receipt.SUPPRESSED, Verdict.DO_NOT_CALL),
    ("9", False, "", "do_not_disturb", Receipt.SUPPRESSED, None),
    ("16", False, "", "rejected", Receipt.BLOCKED, Verdict.BLOCKED),
    ("17", False, "", "blocked_number", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("25", False, "", "rejected", Receipt.BLOCKED, Verdict.BLOCKED),
    ("8", False, "", "unknown", None, None),
    ("", True, "", "unknown", None, None),
]


@pytest.mark.parametrize(("status", "promo", "reason", "kind", "receipt", "verdict"), REPORTS)
def test_report_says_where_a_delivery_stands(
    status: str, promo: bool, reason: str, kind: str, receipt: Receipt | None, verdict: Verdict | None
) -> None:
    assert fate_of_report(status, promo, reason) == (kind, receipt, verdict)
