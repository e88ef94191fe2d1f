"""Twilio over real sockets: the request's shape, what is taken, what gets no answer, and what is asked afterwards."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.providers.answers import Verdict
from services.notifications.providers.lookups import LookupFailed
from services.notifications.sms.price_models import Price
from services.notifications.sms.twilio import TwilioAccount, TwilioProvider
from services.notifications.tests.sms.http_script import HttpScript, http_script
from services.notifications.tests.sms.sms_server import DELIVERY, SID, TO, SmsServer, sms

CALLBACK: Final = "https://api.waybill.example/v1/callbacks/twilio"
SERVICE: Final = "MG" + "0a" * 16
PER_SMS: Final = Decimal("0.00750")

# Of Twilio's specification (twilio_api_v2010, CreateMessage): the field, and what its value must be.
DOCUMENTED: Final = {
    "To": r"\+[1-9]\d{6,14}",
    "From": r"\+[1-9]\d{6,14}|[A-Za-z0-9 +&_-]{1,11}",
    "MessagingServiceSid": r"MG[0-9a-fA-F]{32}",
    "Body": r"(?s:.{1,1600})",
    "StatusCallback": r"https?://[^_/]+/\S*",
    "ValidityPeriod": r"[1-9]\d{0,3}|[12]\d{4}|3[0-5]\d{3}|36000",
}


@pytest_asyncio.fixture
async def script() -> AsyncIterator[HttpScript]:
    async with http_script() as started:
        yield started


async def arrived(server: SmsServer, **filters: str) -> dict[str, object]:
    """The one SMS that came."""
    found = await server.received(**filters)
    assert len(found) == 1
    return found[0]


async def test_sms_is_taken_and_its_request_is_the_documented_one(server: SmsServer) -> None:
    provider = server.twilio(status_callback=CALLBACK)

    answer = await provider.send(sms(body="Grüße & 50 % = ½ 😀\nline", valid_for_s=600))

    kept = await arrived(server)
    assert (answer.verdict, answer.code, answer.provider_message_id) == (Verdict.ACCEPTED, 201, kept["provider_id"])
    assert re.fullmatch("SM[0-9a-f]{32}", answer.provider_message_id or "")
    assert kept["request"] == {
        "To": TO,
        "Body": "Grüße & 50 % = ½ 😀\nline",
        "From": "+15005550006",
        "StatusCallback": f"{CALLBACK}?ref={DELIVERY}",
        "ValidityPeriod": "600",
    }
    assert kept["reference"] == str(DELIVERY)


async def test_messaging_service_stands_in_the_place_of_a_number_and_a_sender_of_its_own_before_both(server: SmsServer) -> None:
    provider = server.twilio(messaging_service_sid=SERVICE)

    await provider.send(sms())
    await provider.send(sms(sender="WAYBILL"))

    senders = [{name: one["request"].get(name) for name in ("From", "MessagingServiceSid")} for one in await server.received()]
    assert senders == [{"From": "WAYBILL", "MessagingServiceSid": None}, {"From": None, "MessagingServiceSid": SERVICE}]


@pytest.mark.parametrize("valid_for_s", [None, 0, 1, 36_000, 90_000])
async def test_every_field_is_documented_and_within_its_limits(server: SmsServer, valid_for_s: int | None) -> None:
    accounts: list[dict[str, Any]] = [{"status_callback": CALLBACK}, {"messaging_service_sid": SERVICE}]
    for account in accounts:
        fields = server.twilio(**account).form(sms(body="x" * 1600, valid_for_s=valid_for_s))

        assert fields.keys() <= DOCUMENTED.keys()
        assert {"To", "Body"} <= fields.keys()
        assert ("From" in fields) != ("MessagingServiceSid" in fields)
        assert [name for name, value in fields.items() if not re.fullmatch(DOCUMENTED[name], value)] == []


@pytest.mark.parametrize("body", ["", "x" * 1601])
async def test_text_that_twilio_refuses_is_not_sent_at_all(server: SmsServer, body: str) -> None:
    answer = await server.twilio().send(sms(body=body))

    assert (answer.verdict, await server.received()) == (Verdict.BAD_CONTENT, [])


async def test_wrong_login_closes_the_account(server: SmsServer) -> None:
    answer = await server.twilio(auth_token="wrong").send(sms())

    assert (answer.verdict, answer.code, answer.closes, answer.retry_after_s) == (Verdict.CONFIG, 20003, True, 300)


async def test_throttling_is_heeded_for_as_long_as_it_asks(server: SmsServer) -> None:
    await server.faults("twilio", {"action": "rate_limit", "seconds": 17, "times": 1})

    first, second = await server.twilio().send(sms()), await server.twilio().send(sms())

    assert (first.verdict, first.closes, first.retry_after_s) == (Verdict.THROTTLED, True, 17)
    assert second.verdict is Verdict.ACCEPTED


async def test_error_under_the_status_of_success_is_an_error(server: SmsServer) -> None:
    await server.faults("twilio", {"action": "error_inside_200", "code": 21610})

    answer = await server.twilio().send(sms())

    assert (answer.verdict, answer.code, answer.provider_message_id) == (Verdict.OPTED_OUT, 21610, None)


async def test_connection_dropped_before_it_was_taken_leaves_it_unknown_and_a_look_up_says_that_it_may_be_sent(
    server: SmsServer,
) -> None:
    began, provider = datetime.now(UTC), server.twilio()
    await server.faults("twilio", {"action": "drop_connection", "times": 1})

    answer = await provider.send(sms())

    assert (answer.verdict, answer.closes) == (Verdict.UNKNOWN, False)
    assert await provider.resolve(sms(), began) is None


@pytest.mark.parametrize("rule", [{"action": "timeout_after_accept"}, {"action": "drop_connection", "recorded": True}])
async def test_sms_that_was_taken_without_an_answer_is_found_and_not_sent_again(
    server: SmsServer, rule: dict[str, object]
) -> None:
    began, provider = datetime.now(UTC), server.twilio(time_factor=0.02)
    await server.faults("twilio", {**rule, "times": 1})

    answer = await provider.send(sms())
    found = await provider.resolve(sms(attempt=2), began)

    kept = await arrived(server)
    assert (answer.verdict, kept["answered"]) == (Verdict.UNKNOWN, False)
    assert found is not None
    assert (found.verdict, found.provider_message_id) == (Verdict.ACCEPTED, kept["provider_id"])


async def test_look_up_does_not_take_another_text_recipient_or_time_for_it(server: SmsServer) -> None:
    began, provider = datetime.now(UTC), server.twilio()
    await provider.send(sms())

    found = [
        await provider.find_sent(TO, "Another text.", began),
        await provider.find_sent("+919812345679", sms().body, began),
        await provider.find_sent(TO, sms().body, began + timedelta(minutes=5)),
    ]

    assert found == [None, None, None]
    assert await provider.find_sent(TO, sms().body, began) is not None


async def test_sms_that_twilio_has_given_up_meanwhile_is_found_as_refused(server: SmsServer) -> None:
    began, provider = datetime.now(UTC), server.twilio()
    await server.faults("twilio", {"action": "failed", "code": 30006, "seconds": 0})
    taken = await provider.send(sms())
    await until(server, "failed")

    found = await provider.resolve(sms(), began)

    assert found is not None
    assert (found.verdict, found.code) == (Verdict.BAD_RECIPIENT, 30006)
    assert found.provider_message_id == taken.provider_message_id


async def test_look_up_that_gets_no_answer_leaves_it_unknown(server: SmsServer) -> None:
    provider = server.twilio(auth_token="wrong")

    answer = await provider.resolve(sms(), datetime.now(UTC))

    assert answer is not None
    assert answer.verdict is Verdict.UNKNOWN
    with pytest.raises(LookupFailed):
        await provider.fate("SM" + "0" * 32, TO)


async def until(server: SmsServer, status: str) -> None:
    """Wait until the one SMS has this status."""
    async with asyncio.timeout(15):
        while (await server.received())[0]["status"] != status:
            await server.http.get("/changes", params={"timeout": 1})


async def test_fate_of_one_message_is_read(server: SmsServer) -> None:
    provider = server.twilio()
    await server.faults("twilio", {"action": "undelivered", "code": 30003, "seconds": 0.02})
    sid = (await provider.send(sms())).provider_message_id or ""
    await until(server, "undelivered")

    fate = await provider.fate(sid, TO)

    assert fate is not None
    assert (fate.kind, fate.code) == (Receipt.BOUNCED_SOFT, "30003")
    assert fate.at is not None
    assert [await provider.fate(one, TO) for one in ("SM" + "0" * 32, "../Accounts", str(uuid4()))] == [None, None, None]


async def test_price_is_told_once_the_message_has_ended_and_not_before(server: SmsServer) -> None:
    provider = server.twilio()
    await server.faults("twilio", {"action": "silent", "times": 1})
    silent = (await provider.send(sms())).provider_message_id or ""
    await until(server, "sent")
    taken = (await provider.send(sms(body="x" * 161))).provider_message_id or ""
    await until(server, "delivered")

    fate, unknown = await provider.fate(taken, TO), "SM" + "0" * 32
    prices = [await provider.price(one) for one in (silent, taken, unknown, "../Accounts")]
    assert prices == [None, Price(Decimal("0.01500"), "USD"), None, None]
    assert fate is not None
    assert fate.price == prices[1]


async def test_prices_of_many_are_read_from_the_list_page_by_page(server: SmsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.sms.twilio.LIST_SIZE", 2)
    provider, began = server.twilio(), datetime.now(UTC)
    sids = [(await provider.send(sms(to=f"+9198123456{number:02}"))).provider_message_id or "" for number in range(7)]
    async with asyncio.timeout(15):
        while {one["status"] for one in await server.received()} != {"delivered"}:
            await server.http.get("/changes", params={"timeout": 1})
    minute = timedelta(minutes=1)

    async def listed(wanted: list[str], since: datetime, until: datetime) -> list[str]:
        return [sid async for sid, price in provider.listed_prices(wanted, since, until) if price == Price(PER_SMS, "USD")]

    assert await listed(sids[2:], began, datetime.now(UTC)) == sids[:1:-1]
    assert await listed(sids, began - 9 * minute, began - 8 * minute) == []
    assert await listed(["SM" + "0" * 32], began, datetime.now(UTC)) == []


async def test_page_that_twilio_names_is_asked_for_at_the_account_whatever_its_address(script: HttpScript) -> None:
    page = {"messages": [{"sid": "SM" + "1" * 32, "price": "-0.00750", "price_unit": "USD"}, "?"]}
    script.answer(200, json.dumps({**page, "next_page_uri": "http://169.254.169.254/latest?Page=1&PageToken=PASM9"}))
    script.answer(200, json.dumps({"messages": None, "next_page_uri": None}))
    provider = TwilioProvider(TwilioAccount(SID, "secret", url=script.url))
    now = datetime(2026, 11, 20, 6, tzinfo=UTC)
    found = [one async for one in provider.listed_prices(["SM" + "1" * 32, "SM" + "2" * 32], now, now + timedelta(minutes=1))]
    await provider.close()

    assert found == [("SM" + "1" * 32, Price(PER_SMS, "USD"))]
    lines = [one.partition(b"\r\n")[0].decode() for one in script.seen]
    path = f"GET /2010-04-01/Accounts/{SID}/Messages.json"
    assert lines == [
        f"{path}?DateSent%3E=2026-11-20T05%3A59%3A30Z&DateSent%3C=2026-11-20T06%3A01%3A30Z&PageSize=1000 HTTP/1.1",
        f"{path}?Page=1&PageToken=PASM9 HTTP/1.1",
    ]


async def test_server_that_is_away_closes_the_account_for_a_while_and_costs_no_try(server: SmsServer) -> None:
    answer = await server.twilio(url="http://127.0.0.1:9").send(sms())

    assert (answer.verdict, answer.closes, answer.retry_after_s) == (Verdict.THROTTLED, True, 15)
    assert answer.detail == "All connection attempts failed (connect)"


async def test_many_at_once_all_arrive_once(server: SmsServer) -> None:
    provider, wanted = server.twilio(account_sid=SID), [f"+9198123{number:05}" for number in range(60)]

    answers = await asyncio.gather(*(provider.send(sms(to=to, delivery_id=uuid4())) for to in wanted))

    assert {answer.verdict for answer in answers} == {Verdict.ACCEPTED}
    assert sorted(one["to"] for one in await server.received()) == wanted
