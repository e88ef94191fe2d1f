"""The stand-in of Twilio: what it takes and refuses, its list, and its signed call-backs."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest

from deploy.sandbox.tests.conftest import Harness
from deploy.sandbox.tests.sms_listener import listening
from deploy.sandbox.twilio.signature import signature

SID: Final = "AC" + "5a" * 16
PATH: Final = f"/twilio/2010-04-01/Accounts/{SID}/Messages"
AUTH: Final = (SID, "sandbox")
FIELDS: Final = {"To": "+919812345678", "From": "+15005550006", "Body": "Hello."}


async def send(sandbox: Harness, **fields: str | None) -> httpx.Response:
    """Send the usual SMS but for these fields; None leaves one out."""
    wanted = {name: value for name, value in {**FIELDS, **fields}.items() if value is not None}
    return await sandbox.http.post(f"{PATH}.json", data=wanted, auth=AUTH)


async def faults(sandbox: Harness, *rules: dict[str, Any]) -> None:
    """Put these rules in the place of all."""
    assert (await sandbox.http.put("/faults/twilio", json=list(rules))).status_code == 200


async def test_sms_is_taken_as_documented_and_stands_in_the_list(sandbox: Harness) -> None:
    answer = await send(sandbox, StatusCallback="https://api.example/twilio?ref=r-1", Body="नमस्ते")

    document = answer.json()
    assert (answer.status_code, document["status"], document["num_segments"]) == (201, "queued", "1")
    assert (document["to"], document["from"], document["body"]) == ("+919812345678", "+15005550006", "नमस्ते")
    kept = (await sandbox.get("/sms"))["items"][0]
    assert (kept["provider_id"], kept["reference"], kept["encoding"]) == (document["sid"], "r-1", "ucs2")
    read = (await sandbox.http.get(f"{PATH}/{document['sid']}.json", auth=AUTH)).json()
    assert read["sid"] == document["sid"]


REFUSED: Final = [
    ({"To": None}, 21604),
    ({"To": "919812345678"}, 21211),
    ({"From": None}, 21603),
    ({"From": "+1"}, 21212),
    ({"From": None, "MessagingServiceSid": "MG1"}, 21701),
    ({"Body": None}, 21602),
    ({"Body": ""}, 21602),
    ({"Body": "x" * 1601}, 21617),
    ({"StatusCallback": "ftp://x"}, 21609),
    ({"StatusCallback": "https://under_score.example/x"}, 21609),
    ({"ValidityPeriod": "0"}, 20001),
    ({"ValidityPeriod": "36001"}, 20001),
    ({"MaxPrice": "1"}, 20001),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
async def test_request_that_is_not_as_documented_is_refused(sandbox: Harness, change: dict[str, str | None], code: int) -> None:
    refused = await send(sandbox, **change)

    assert (refused.status_code, refused.json()["code"], refused.json()["status"]) == (400, code, 400)
    assert (await sandbox.get("/sms/count"))["count"] == 0


async def test_login_and_form_are_demanded(sandbox: Harness) -> None:
    wrong = await sandbox.http.post(f"{PATH}.json", data=FIELDS, auth=(SID, "wrong"))
    none = await sandbox.http.post(f"{PATH}.json", data=FIELDS)
    other = await sandbox.http.post(PATH.replace("5a5a", "0000", 1) + ".json", data=FIELDS, auth=AUTH)
    json = await sandbox.http.post(f"{PATH}.json", json=FIELDS, auth=AUTH)
    twice = await sandbox.http.post(
        f"{PATH}.json", content="To=1&To=2", headers={"Content-Type": "application/x-www-form-urlencoded"}, auth=AUTH
    )

    answers = [(one.status_code, one.json()["code"]) for one in (wrong, none, other, json, twice)]
    assert answers == [(401, 20003), (401, 20003), (404, 20404), (415, 20415), (400, 20001)]


async def test_list_is_by_number_and_date_and_holds_back_what_is_not_sent_yet(sandbox: Harness) -> None:
    await faults(sandbox, {"match": "+447911123456", "action": "failed", "seconds": 3600})
    await send(sandbox)
    await send(sandbox, To="+447911123456")
    await settled(sandbox, "delivered", to="+919812345678")

    async def listed(**query: str) -> list[str]:
        answer = await sandbox.http.get(f"{PATH}.json", params=query, auth=AUTH)
        return [one["to"] for one in answer.json()["messages"]]

    assert await listed() == ["+447911123456", "+919812345678"]
    assert await listed(To="+447911123456") == ["+447911123456"]
    assert await listed(**{"DateSent>": "2020-01-01"}) == ["+919812345678"]
    assert await listed(**{"DateSent<": "2020-01-01"}) == []
    assert (await sandbox.http.get(f"{PATH}.json", params={"Bogus": "1"}, auth=AUTH)).status_code == 400
    assert (await sandbox.http.get(f"{PATH}.json", params={"PageSize": "0"}, auth=AUTH)).status_code == 400


async def settled(sandbox: Harness, status: str, **filters: str) -> dict[str, Any]:
    """Wait until the newest SMS has this status."""
    async with asyncio.timeout(15):
        while True:
            items = (await sandbox.get("/sms", **filters))["items"]
            if items and items[0]["status"] == status:
                return dict(items[0])
            await sandbox.get("/changes", timeout=1)


async def test_list_has_pages_and_price_is_null_until_the_message_has_ended(sandbox: Harness) -> None:
    began = datetime.now(UTC)
    await faults(sandbox, {"match": "+447911123456", "action": "silent"})
    for to in ("+447911123456", "+919812345671", "+919812345672", "+919812345673"):
        await send(sandbox, To=to, Body="x" * 161)
        await settled(sandbox, "sent" if to.startswith("+44") else "delivered", to=to)

    async def page(address: str) -> tuple[list[tuple[str, str | None]], str | None]:
        answer = (await sandbox.http.get(f"/twilio{address}", auth=AUTH)).json()
        return [(one["to"][-1], one["price"]) for one in answer["messages"]], answer["next_page_uri"]

    path = f"{PATH.removeprefix('/twilio')}.json"
    first, following = await page(f"{path}?PageSize=3&DateSent%3E={began:%Y-%m-%dT%H:%M:%SZ}")
    second, last = await page(following or "")

    assert (first, second, last) == ([("3", "-0.01500"), ("2", "-0.01500"), ("1", "-0.01500")], [("6", None)], None)
    assert await page(f"{path}?DateSent%3C={began - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}") == ([], None)
    assert (await sandbox.http.get(f"{PATH}.json", params={"PageToken": "?"}, auth=AUTH)).status_code == 400


async def test_sent_and_delivered_are_reported_and_signed_over_url_and_form(sandbox: Harness) -> None:
    async with listening() as listener:
        url = f"{listener.url}/v1/callbacks/twilio?ref=r-1"
        sid = (await send(sandbox, StatusCallback=url)).json()["sid"]
        calls = await listener.reach(2)

    assert [call.form["MessageStatus"] for call in calls] == ["sent", "delivered"]
    assert {(call.form["MessageSid"], call.path) for call in calls} == {(sid, "/v1/callbacks/twilio?ref=r-1")}
    for call in calls:
        assert call.headers["x-twilio-signature"] == signature("sandbox", url, call.form)


def test_signature_is_that_of_the_published_vector() -> None:
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }

    signed = signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", fields)

    assert signed == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


async def test_fate_is_as_the_rule_says_repeated_and_reordered(sandbox: Harness) -> None:
    await faults(sandbox, {"action": "undelivered", "code": 30003, "seconds": 0.05, "repeat": 2, "reorder": True, "times": 1})
    async with listening() as listener:
        await send(sandbox, StatusCallback=listener.url)
        calls = await listener.reach(4)

    told = [(call.form["MessageStatus"], call.form.get("ErrorCode")) for call in calls]
    assert told == [("undelivered", "30003")] * 2 + [("sent", None)] * 2
    assert (await settled(sandbox, "undelivered"))["code"] == 30003


async def test_silent_sms_is_never_reported_on_and_a_failed_one_was_never_sent(sandbox: Harness) -> None:
    await faults(
        sandbox,
        {"match": "+91*", "action": "silent"},
        {"match": "*", "action": "failed", "code": 30001, "seconds": 0.02},
    )
    async with listening() as listener:
        await send(sandbox, StatusCallback=listener.url)
        await send(sandbox, To="+447911123456", StatusCallback=listener.url)
        calls = await listener.reach(1)
        silent = await settled(sandbox, "sent", to="+91*")
        failed = await settled(sandbox, "failed", to="+44*")

    assert [call.form["MessageStatus"] for call in calls] == ["failed"]
    assert [step["status"] for step in silent["history"]] == ["queued", "sent"]
    assert [step["status"] for step in failed["history"]] == ["queued", "failed"]


async def test_call_back_that_is_not_taken_comes_again(sandbox: Harness) -> None:
    await faults(sandbox, {"action": "failed", "seconds": 0})
    async with listening() as listener:
        listener.statuses = [503]
        await send(sandbox, StatusCallback=listener.url)
        calls = await listener.reach(2)

    assert calls[0].body == calls[1].body


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"action": 503}, 503, 20500),
        ({"action": "status", "status": 400, "code": 21610}, 400, 21610),
        ({"action": "error_inside_200", "code": 21211}, 201, 21211),
        ({"action": "rate_limit", "seconds": 7}, 429, 20429),
    ],
)
async def test_rule_refuses_and_nothing_is_recorded(sandbox: Harness, rule: dict[str, Any], status: int, code: int) -> None:
    await faults(sandbox, {**rule, "times": 1})

    refused, taken = await send(sandbox), await send(sandbox)

    assert (refused.status_code, refused.json()["code"], taken.status_code) == (status, code, 201)
    assert refused.headers.get("Retry-After") == ("7" if status == 429 else None)
    assert (await sandbox.get("/sms/count"))["count"] == 1


@pytest.mark.parametrize(("recorded", "count"), [(False, 0), (True, 1)])
async def test_connection_is_dropped_without_an_answer(sandbox: Harness, recorded: bool, count: int) -> None:
    await faults(sandbox, {"action": "drop_connection", "recorded": recorded, "times": 1})

    with pytest.raises(httpx.TransportError):
        await send(sandbox)

    items = (await sandbox.get("/sms"))["items"]
    assert [one["answered"] for one in items] == [False] * count


async def test_silence_after_accepting_leaves_it_on_record(sandbox: Harness) -> None:
    await faults(sandbox, {"action": "timeout_after_accept"})
    sending = asyncio.create_task(send(sandbox))

    found = await sandbox.get("/sms/wait", timeout=15)

    assert (found["reached"], found["items"][0]["answered"], sending.done()) == (True, False, False)
    sending.cancel()
