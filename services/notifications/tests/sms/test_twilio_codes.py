"""Every error code and message state of Twilio's, over the wire and as call-backs bring them."""

from typing import Final

import pytest

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.sms.twilio_codes import STATES, VERDICTS, fate_of
from services.notifications.tests.sms.sms_server import SmsServer, sms

# HTTP status, code, verdict, whether the account is closed, and for how long
REFUSALS: Final = [
    (401, 20003, "config", True, 300),
    (403, 20005, "config", True, 300),
    (404, 20404, "config", True, 300),
    (429, 20429, "throttled", True, 60),
    (400, 21211, "bad_recipient", False, 0),
    (400, 21212, "config", True, 300),
    (400, 21265, "bad_recipient", False, 0),
    # The account may not send to this country, or number; others still get theirs.
    (400, 21408, "config", False, 3600),
    (400, 21602, "bad_content", False, 0),
    (400, 21603, "config", True, 300),
    (400, 21604, "bad_recipient", False, 0),
    (400, 21606, "config", True, 300),
    (400, 21608, "config", False, 3600),
    (400, 21609, "config", True, 300),
    (400, 21610, "opted_out", False, 0),
    (429, 21611, "throttled", True, 60),
    (400, 21612, "bad_recipient", False, 0),
    (400, 21614, "bad_recipient", False, 0),
    (400, 21617, "bad_content", False, 0),
    (400, 21635, "bad_recipient", False, 0),
    (400, 21659, "config", True, 300),
    (400, 21660, "config", True, 300),
    (400, 21701, "config", True, 300),
    (400, 21703, "config", True, 300),
    (400, 30001, "transient", False, 0),
    (403, 30002, "config", True, 300),
    (400, 30003, "soft_recipient", False, 0),
    (400, 30004, "blocked", False, 0),
    (400, 30005, "bad_recipient", False, 0),
    (400, 30006, "bad_recipient", False, 0),
    (400, 30007, "blocked", False, 0),
    (400, 30008, "transient", False, 0),
    (400, 30018, "blocked", False, 0),
    (400, 30024, "blocked", False, 0),
    (400, 30032, "blocked", False, 0),
    (400, 30034, "blocked", False, 0),
    (429, 63038, "throttled", True, 60),
    # Codes that are not known go by the HTTP status.
    (400, 29999, "bad_content", False, 0),
    (401, 29999, "config", True, 300),
    (403, 29999, "config", True, 300),
    (404, 29999, "config", True, 300),
    (429, 29999, "throttled", True, 60),
    (500, 20500, "transient", False, 0),
    (503, 20503, "transient", False, 0),
]


@pytest.mark.parametrize(("status", "code", "verdict", "closes", "wait_s"), REFUSALS)
async def test_refusal_has_its_verdict(
    server: SmsServer, status: int, code: int, verdict: str, closes: bool, wait_s: float
) -> None:
    text = "Refused: +91 98123 45678 of 919812345678 cannot be reached."
    await server.faults("twilio", {"action": "status", "status": status, "code": code, "text": text})

    answer = await server.twilio().send(sms())

    assert (answer.verdict, answer.code, answer.closes, answer.retry_after_s) == (Verdict(verdict), code, closes, wait_s)
    assert answer.detail == "Refused: recipient of recipient cannot be reached."
    assert await server.received() == []


def test_every_code_has_a_row() -> None:
    assert {code for _, code, *_ in REFUSALS} >= VERDICTS.keys()


@pytest.mark.parametrize("code", [21212, 21606])
async def test_sender_that_the_message_brought_along_closes_nothing(server: SmsServer, code: int) -> None:
    await server.faults("twilio", {"action": "status", "status": 400, "code": code})

    answer = await server.twilio().send(sms(sender="WAYBILL"))

    assert (answer.verdict, answer.closes, answer.retry_after_s) == (Verdict.CONFIG, False, 3600)


# status, code, receipt, verdict
FATES: Final = [
    ("accepted", None, Receipt.PROCESSED, None),
    ("scheduled", None, Receipt.PROCESSED, None),
    ("queued", None, Receipt.PROCESSED, None),
    ("sending", None, Receipt.PROCESSED, None),
    ("sent", None, Receipt.PROCESSED, None),
    ("delivered", None, Receipt.DELIVERED, None),
    ("read", None, Receipt.DELIVERED, None),
    ("partially_delivered", None, Receipt.DELIVERED, None),
    ("canceled", None, Receipt.BOUNCED_SOFT, None),
    ("receiving", None, None, None),
    ("received", None, None, None),
    ("undelivered", None, Receipt.BOUNCED_SOFT, None),
    ("undelivered", 29999, Receipt.BOUNCED_SOFT, None),
    ("failed", 30001, Receipt.BOUNCED_SOFT, Verdict.TRANSIENT),
    ("failed", 30002, Receipt.BLOCKED, Verdict.CONFIG),
    ("undelivered", 30003, Receipt.BOUNCED_SOFT, Verdict.SOFT_RECIPIENT),
    ("undelivered", 30004, Receipt.BLOCKED, Verdict.BLOCKED),
    ("undelivered", 30005, Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("undelivered", 30006, Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("undelivered", 30007, Receipt.BLOCKED, Verdict.BLOCKED),
    ("undelivered", 30008, Receipt.BOUNCED_SOFT, Verdict.TRANSIENT),
    ("undelivered", 30018, Receipt.BLOCKED, Verdict.BLOCKED),
    ("undelivered", 30024, Receipt.BLOCKED, Verdict.BLOCKED),
    ("undelivered", 30032, Receipt.BLOCKED, Verdict.BLOCKED),
    ("undelivered", 30034, Receipt.BLOCKED, Verdict.BLOCKED),
    ("failed", 21610, Receipt.SUPPRESSED, Verdict.OPTED_OUT),
    ("failed", 21614, Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("failed", 21617, Receipt.BLOCKED, Verdict.BAD_CONTENT),
]


@pytest.mark.parametrize(("status", "code", "receipt", "verdict"), FATES)
def test_state_says_where_a_delivery_stands(
    status: str, code: int | None, receipt: Receipt | None, verdict: Verdict | None
) -> None:
    assert fate_of(status, code) == (status, receipt, verdict)


def test_every_state_has_a_row_and_a_new_one_moves_nothing() -> None:
    assert {status for status, *_ in FATES} == STATES
    assert fate_of("teleported\r\n", 30005) == ("unknown", None, None)
