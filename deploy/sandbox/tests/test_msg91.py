"""The stand-in of MSG91: what it takes and refuses, and its delivery reports."""

import json
from typing import Any, Final

import httpx
import pytest

from deploy.sandbox.tests.conftest import Harness, Start
from deploy.sandbox.tests.sms_listener import listening

PATH: Final = "/msg91/api/v5/flow"
FLOW: Final[dict[str, Any]] = {
    "template_id": "60e5a1b2c3d4e5f601234567",
    "short_url": "0",
    "realTimeResponse": "1",
    "sender": "WYBILL",
    "recipients": [{"mobiles": "919812345678", "CRQID": "abc.1", "order": "O-1"}],
}


async def send(sandbox: Harness, path: str = PATH, **change: Any) -> httpx.Response:
    """Send the usual flow but for these members; None leaves one out."""
    body = {name: value for name, value in {**FLOW, **change}.items() if value is not None}
    return await sandbox.http.post(path, json=body, headers={"authkey": "sandbox"})


def to(number: str = "919812345678", **members: Any) -> list[dict[str, Any]]:
    """One recipient."""
    return [{"mobiles": number, **members}]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
async def test_flow_is_taken_under_one_id_for_all_of_its_recipients(sandbox: Harness, path: str) -> None:
    answer = await send(sandbox, path, recipients=to(CRQID="a.1") + to("447911123456", CRQID="b.1"))

    assert (answer.status_code, answer.json()["type"]) == (200, "success")
    kept = (await sandbox.get("/sms", provider_id=answer.json()["message"]))["items"]
    assert [(one["to"], one["reference"], one["sender"]) for one in kept] == [
        ("+447911123456", "b.1", "WYBILL"),
        ("+919812345678", "a.1", "WYBILL"),
    ]


REFUSED: Final = [
    ({"template_id": None}, "400"),
    ({"template_id": "x y"}, "400"),
    ({"sender": "a b"}, "203"),
    ({"short_url": "2"}, "400"),
    ({"flow_id": "1"}, "400"),
    ({"recipients": []}, "400"),
    ({"recipients": to() * 101}, "400"),
    ({"recipients": [{"order": "1"}]}, "101"),
    ({"recipients": to("+919812345678")}, "202"),
    ({"recipients": to(CRQID="a b")}, "400"),
    ({"recipients": to(CRQID="x" * 81)}, "400"),
    ({"recipients": to(order=1)}, "400"),
    ({"recipients": ["919812345678"]}, "400"),
]


@pytest.mark.parametrize(("change", "code"), REFUSED)
async def test_request_that_is_not_as_documented_is_refused(sandbox: Harness, change: dict[str, Any], code: str) -> None:
    refused = await send(sandbox, **change)

    assert (refused.status_code, refused.json()["type"], refused.json()["code"]) == (400, "error", code)
    assert (await sandbox.get("/sms/count"))["count"] == 0


async def test_key_and_json_are_demanded(sandbox: Harness) -> None:
    answers = [
        await sandbox.http.post(PATH, json=FLOW),
        await sandbox.http.post(PATH, json=FLOW, headers={"authkey": "wrong"}),
        await sandbox.http.post(PATH, data={"a": "b"}, headers={"authkey": "sandbox"}),
        await sandbox.http.post(PATH, content="{", headers={"authkey": "sandbox", "Content-Type": "application/json"}),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(401, "207")] * 2 + [(400, "400")] * 2


async def test_delivery_is_reported_in_the_second_form_to_the_secret_path(start: Start) -> None:
    async with listening() as listener:
        sandbox = await start(callback_url=listener.url, msg91_callback_secret="a-secret-of-ours/1")
        request_id = (await send(sandbox)).json()["message"]
        call = (await listener.reach(1))[0]

    assert (call.path, call.headers["content-type"]) == (
        "/v1/callbacks/msg91/a-secret-of-ours%2F1",
        "application/x-www-form-urlencoded",
    )
    (told,) = json.loads(call.form["data"])
    (report,) = told["report"]
    assert (told["requestId"], told["senderId"]) == (request_id, "WYBILL")
    assert (report["number"], report["status"], report["desc"], report["CRQID"]) == ("919812345678", "1", "DELIVERED", "abc.1")
    assert (report["credit"], report["amount"]) == ("1", "0.20")


@pytest.mark.parametrize(
    ("rule", "status", "desc"),
    [
        ({"action": "failed"}, "2", "FAILED"),
        ({"action": "undelivered", "code": 17}, "17", "BLOCKED NUMBER"),
        ({"action": "failed", "code": 9}, "9", "NDNC"),
        ({"action": "failed", "code": 25}, "25", "REJECTED"),
    ],
)
async def test_fate_is_as_the_rule_says_and_reported_as_often(start: Start, rule: dict[str, Any], status: str, desc: str) -> None:
    async with listening() as listener:
        sandbox = await start(callback_url=listener.url)
        await sandbox.http.put("/faults/msg91", json=[{**rule, "seconds": 0.02, "repeat": 3}])
        await send(sandbox)
        calls = await listener.reach(3)

    reports = [json.loads(call.form["data"])[0]["report"][0] for call in calls]
    assert [(one["status"], one["desc"]) for one in reports] == [(status, desc)] * 3


@pytest.mark.parametrize(
    ("rule", "status", "document"),
    [
        ({"action": "error_inside_200", "code": 418}, 200, {"type": "error", "code": "418"}),
        ({"action": "error_inside_200"}, 200, {"type": "error"}),
        ({"action": "rate_limit"}, 429, {"type": "error", "code": "429"}),
        ({"action": 500}, 500, {"type": "error"}),
    ],
)
async def test_rule_refuses_and_nothing_is_recorded(
    sandbox: Harness, rule: dict[str, Any], status: int, document: dict[str, str]
) -> None:
    await sandbox.http.put("/faults/msg91", json=[{**rule, "text": "No."}])

    refused = await send(sandbox)

    assert (refused.status_code, refused.json()) == (status, {**document, "message": "No."})
    assert (await sandbox.get("/sms/count"))["count"] == 0


@pytest.mark.parametrize(("recorded", "count"), [(False, 0), (True, 1)])
async def test_connection_is_dropped_without_an_answer(sandbox: Harness, recorded: bool, count: int) -> None:
    await sandbox.http.put("/faults/msg91", json=[{"action": "drop_connection", "recorded": recorded}])

    with pytest.raises(httpx.TransportError):
        await send(sandbox)

    assert (await sandbox.get("/sms/count"))["count"] == count
