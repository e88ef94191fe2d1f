"""MSG91 over real sockets: the request's shape, what is taken, and what gets no answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.notifications.providers.answers import Verdict
from services.notifications.tests.sms.sms_server import DELIVERY, DLT, SmsServer, sms


async def test_registered_text_is_taken_and_its_request_is_the_documented_one(server: SmsServer) -> None:
    provider = server.msg91()

    answer = await provider.send(sms(dlt=DLT, attempt=3))

    kept = (await server.received())[0]
    assert (answer.verdict, answer.code, answer.provider_message_id) == (Verdict.ACCEPTED, 200, kept["provider_id"])
    assert provider.request(sms(dlt=DLT, attempt=3), DLT) == {
        "template_id": "60e5a1b2c3d4e5f601234567",
        "short_url": "0",
        "realTimeResponse": "1",
        "sender": "WYBILL",
        "recipients": [
            {
                "mobiles": "919812345678",
                "CRQID": f"{DELIVERY.hex}.3",
                "order_number": "O-1",
                "status": "packed",
            }
        ],
    }
    assert (kept["to"], kept["sender"], kept["reference"]) == ("+919812345678", "WYBILL", f"{DELIVERY.hex}.3")
    assert kept["text"] == "Template 60e5a1b2c3d4e5f601234567\norder_number: O-1\nstatus: packed"


async def test_text_that_is_not_registered_is_not_sent_and_the_answer_says_how_to_register_it(server: SmsServer) -> None:
    answer = await server.msg91().send(sms())

    assert answer.verdict is Verdict.BAD_CONTENT
    assert "register it with DLT" in answer.detail
    assert await server.received() == []


async def test_variable_cannot_take_the_place_of_the_number(server: SmsServer) -> None:
    forged = replace(DLT, variables=(("mobiles", "919999999999"), ("CRQID", "x")))

    await server.msg91().send(sms(dlt=forged))

    kept = (await server.received())[0]
    assert (kept["to"], kept["reference"]) == ("+919812345678", f"{DELIVERY.hex}.1")


async def test_account_s_own_header_stands_where_the_text_has_none(server: SmsServer) -> None:
    await server.msg91(sender="OWNHDR").send(sms(dlt=replace(DLT, header="")))
    await server.msg91().send(sms(dlt=replace(DLT, header="")))

    assert [one["sender"] for one in await server.received()] == ["", "OWNHDR"]


async def test_wrong_key_closes_the_account(server: SmsServer) -> None:
    answer = await server.msg91(auth_key="wrong").send(sms(dlt=DLT))

    assert (answer.verdict, answer.code, answer.closes, answer.retry_after_s) == (Verdict.CONFIG, 207, True, 300)


async def test_throttling_is_heeded_for_as_long_as_it_asks(server: SmsServer) -> None:
    await server.faults("msg91", {"action": "rate_limit", "seconds": 9})

    answer = await server.msg91().send(sms(dlt=DLT))

    assert (answer.verdict, answer.closes, answer.retry_after_s) == (Verdict.THROTTLED, True, 9)


@pytest.mark.parametrize("rule", [{"action": "timeout_after_accept"}, {"action": "drop_connection", "recorded": True}])
async def test_lost_answer_leaves_it_unknown(server: SmsServer, rule: dict[str, Any]) -> None:
    await server.faults("msg91", rule)

    answer = await server.msg91(time_factor=0.02).send(sms(dlt=DLT))

    assert (answer.verdict, answer.closes) == (Verdict.UNKNOWN, False)
    assert len(await server.received()) == 1


async def test_server_that_is_away_closes_the_account_for_a_while(server: SmsServer) -> None:
    answer = await server.msg91(url="http://127.0.0.1:9").send(sms(dlt=DLT))

    assert (answer.verdict, answer.closes, answer.retry_after_s) == (Verdict.THROTTLED, True, 15)


async def test_key_and_number_stand_in_no_answer(server: SmsServer) -> None:
    answer = await server.msg91(auth_key="hush-hush-key").send(sms(dlt=DLT))

    assert "hush" not in json.dumps(answer.detail)
    assert "9812345678" not in answer.detail
