"""The list of SMS, and the rules that make no sense."""

from typing import Any

import pytest

from deploy.sandbox.sms.receipt import count
from deploy.sandbox.tests.conftest import Harness
from deploy.sandbox.tests.test_twilio import send


async def test_list_is_found_counted_and_deleted_by_what_is_asked_for(sandbox: Harness) -> None:
    for number, body in (("+919812345678", "Order O-1"), ("+447911123456", "Order O-2"), ("+919812345679", "Trip")):
        await send(sandbox, To=number, Body=body, StatusCallback=f"https://api.example/?ref={body[-1]}")

    async def found(**filters: Any) -> list[str]:
        return [one["text"] for one in (await sandbox.get("/sms", **filters))["items"]]

    assert await found() == ["Trip", "Order O-2", "Order O-1"]
    assert await found(to="+91*") == ["Trip", "Order O-1"]
    assert await found(text="order") == ["Order O-2", "Order O-1"]
    assert (await found(search="4479"), await found(reference="1")) == (["Order O-2"], ["Order O-1"])
    first = await sandbox.get("/sms", limit=2)
    assert await found(limit=2, cursor=first["next_cursor"]) == ["Order O-1"]
    one = first["items"][0]["id"]
    assert (await sandbox.get(f"/sms/{one}"))["text"] == "Trip"
    assert [(await sandbox.http.delete(f"/sms/{one}")).status_code for _ in range(2)] == [204, 404]
    assert (await sandbox.http.delete("/sms", params={"to": "+44*"})).json() == {"deleted": 1}
    assert (await sandbox.http.delete("/sms", params={"too": "+44*"})).status_code == 422
    assert (await sandbox.get("/sms/count"))["count"] == 1


async def test_stats_show_what_came_more_than_once(sandbox: Harness) -> None:
    for reference in ("a", "a", "b"):
        await send(sandbox, StatusCallback=f"https://api.example/?ref={reference}")
    await send(sandbox)

    assert await sandbox.get("/sms/stats") == {
        "messages": 4,
        "references": 2,
        "surplus": 1,
        "without_reference": 1,
        "repeated": [{"reference": "a", "count": 2}],
    }


async def test_mails_and_sms_stay_apart(sandbox: Harness) -> None:
    await sandbox.send("ann@example.com")
    await send(sandbox)

    assert (await sandbox.count(), (await sandbox.get("/sms/count"))["count"]) == (1, 1)
    assert (await sandbox.http.get("/sms/1")).json()["code"] == "sms_not_found"


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("a" * 160, ("gsm7", 1)),
        ("a" * 161, ("gsm7", 2)),
        ("€" * 81, ("gsm7", 2)),
        ("ё" * 70, ("ucs2", 1)),
        ("😀" * 36, ("ucs2", 2)),
    ],
)
def test_segments_are_counted(text: str, counted: tuple[str, int]) -> None:
    assert count(text) == counted


@pytest.mark.parametrize(
    ("provider", "rule", "says"),
    [
        ("twilio", {"action": "status"}, "status goes with the action status"),
        ("twilio", {"action": "delay"}, "delay needs seconds"),
        ("twilio", {"action": "delay", "seconds": 1, "code": 5}, "code goes with"),
        ("twilio", {"action": "drop_connection", "seconds": 1}, "seconds goes with"),
        ("twilio", {"action": "failed", "recorded": True}, "recorded goes with drop_connection"),
        ("twilio", {"action": "delay", "seconds": 1, "repeat": 2}, "repeat and reorder go with"),
        ("msg91", {"action": "delivered", "reorder": True}, "which nothing can overtake"),
        ("msg91", {"action": "explode"}, "Input should be"),
    ],
)
async def test_rule_that_makes_no_sense_is_refused(sandbox: Harness, provider: str, rule: dict[str, Any], says: str) -> None:
    refused = await sandbox.http.put(f"/faults/{provider}", json=[rule])

    assert (refused.status_code, says in refused.json()["detail"]) == (422, True)
    assert (await sandbox.get(f"/faults/{provider}"))["rules"] == []
