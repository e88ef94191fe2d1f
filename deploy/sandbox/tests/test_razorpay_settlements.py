"""The stand-in of Razorpay: settlements, the report, and every way in which it can be wrong; disputes and downtimes."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from deploy.sandbox.tests.gateway_arrange import NOW, Razorpay, like, told

INDIA: Final = ZoneInfo("Asia/Kolkata")
DAY_S: Final = 86_400
ITEM: Final = {
    "entity_id": like("pay_"),
    "type": "payment",
    "debit": 0,
    # 100,000 less 2,360, which has the tax in it.
    "credit": 97_640,
    "amount": 100_000,
    "currency": "INR",
    "fee": 2_360,
    "tax": 360,
    "on_hold": False,
    "settled": True,
    "created_at": NOW,
    "settled_at": NOW,
    "settlement_id": like("setl_"),
    "posted_at": None,
    "credit_type": "default",
    "description": None,
    "notes": '{"order": "O-7"}',
    "payment_id": None,
    "settlement_utr": like("", 16),
    "order_id": like("order_"),
    "order_receipt": "attempt-1",
    "method": "card",
    "card_network": "Visa",
    "card_issuer": "HDFC",
    "card_type": "credit",
    "dispute_id": None,
}


async def report(razorpay: Razorpay, days: int = 0, **query: Any) -> list[dict[str, Any]]:
    """The items of today in India, or of so many days later."""
    day = (datetime.now(UTC) + timedelta(days=days)).astimezone(INDIA)
    wanted = {"year": day.year, "month": day.month, "day": day.day, "count": 1000, **query}
    return list((await razorpay.get("/v1/settlements/recon/combined", **wanted))["items"])


async def test_report_and_settlement_are_as_documented_and_agree(razorpay: Razorpay) -> None:
    order = await razorpay.order(100_000, notes={"order": "O-7"}, payment_capture=True)
    payment_id = await razorpay.pay(order, method="card")
    refund = (await razorpay.refund(payment_id, amount=10_000, notes={"why": "late"})).json()
    async with razorpay.listening() as listener:
        settlement = await razorpay.do("/settlements", json={})
        (event,) = told(await listener.arrived(1))
    paid, back = await report(razorpay)

    assert paid == ITEM
    assert (paid["entity_id"], paid["order_id"], paid["settlement_id"]) == (payment_id, order["id"], settlement["id"])
    assert (back["entity_id"], back["type"], back["debit"], back["credit"]) == (refund["id"], "refund", 10_000, 0)
    assert (back["payment_id"], back["notes"], set(back)) == (payment_id, {"why": "late"}, set(ITEM))
    assert settlement == {
        "id": like("setl_"),
        "entity": "settlement",
        "amount": 87_640,
        "status": "processed",
        "fees": 2_360,
        "tax": 360,
        "utr": paid["settlement_utr"],
        "created_at": NOW,
    }
    assert await razorpay.get(f"/v1/settlements/{settlement['id']}") == settlement
    assert (event["event"], event["payload"]["settlement"]["entity"]) == ("settlement.processed", settlement)
    assert (await razorpay.ask("POST", "/settlements", json={})).status_code == 400


async def test_report_is_by_days_of_india_and_pages_up_to_a_thousand(razorpay: Razorpay) -> None:
    await razorpay.captured()
    await razorpay.account(clock_offset_s=DAY_S)
    for number in range(3):
        await razorpay.captured(receipt=f"later-{number}")
    await razorpay.account(clock_offset_s=2 * DAY_S + 60)
    await razorpay.do("/settlements", json={"older_than_days": 2})
    early = [one["order_receipt"] for one in await report(razorpay, 2)]
    await razorpay.account(clock_offset_s=3 * DAY_S + 120)
    await razorpay.do("/settlements", json={"older_than_days": 2})

    assert early == ["attempt-1"]
    assert (await report(razorpay), len(await report(razorpay, 3))) == ([], 3)
    assert [one["order_receipt"] for one in await report(razorpay, 3, count=2, skip=1)] == ["later-1", "later-2"]
    month = (datetime.now(UTC) + timedelta(days=3)).astimezone(INDIA)
    whole = await razorpay.get("/v1/settlements/recon/combined", year=month.year, month=month.month)
    assert whole["count"] in (3, 4)
    for query in ({"month": 1}, {"year": 2026}, {"year": 2026, "month": 2, "day": 30}, {"year": 2026, "month": 13}):
        assert (await razorpay.ask("GET", "/v1/settlements/recon/combined", params=query)).status_code == 400
    too_many = {"year": 2026, "month": 1, "count": 1001}
    assert (await razorpay.ask("GET", "/v1/settlements/recon/combined", params=too_many)).json()["error"]["field"] == "count"


DRIFTS: Final[dict[str, list[dict[str, Any]]]] = {
    "missing": [],
    "unsettled": [],
    "amount": [{**ITEM, "amount": 100_100, "credit": 97_740}],
    "currency": [{**ITEM, "currency": "USD"}],
    "fee": [{**ITEM, "fee": 2_460, "credit": 97_540}],
    "on_hold": [{**ITEM, "on_hold": True, "settled": False, "settled_at": None, "settlement_id": None, "settlement_utr": None}],
    "utr_missing": [{**ITEM, "settlement_utr": None}],
    "repeated": [ITEM, ITEM],
    "duplicate_capture": [ITEM, ITEM],
    "unknown_payment": [ITEM, {**ITEM, "order_receipt": None}],
    "orphan_refund": [ITEM, {"type": "refund", "payment_id": like("pay_"), "order_id": None, "debit": 100_000, "credit": 0}],
    "adjustment": [ITEM, {"type": "adjustment", "payment_id": None, "order_id": None, "credit": 100, "fee": 0}],
}


async def test_report_is_wrong_as_the_rules_of_drift_say_and_the_payments_are_not(razorpay: Razorpay) -> None:
    await razorpay.faults(*({"match": f"drift-{drift}", "action": "drift", "drift": drift} for drift in DRIFTS))
    right = {}
    for drift in DRIFTS:
        order = await razorpay.order(100_000, f"drift-{drift}", notes={"order": "O-7"}, payment_capture=True)
        right[drift] = await razorpay.pay(order, method="card")
    await razorpay.do("/settlements", json={})
    items = await report(razorpay)

    settled = iter(items)
    for drift, wanted in DRIFTS.items():
        for expected in wanted:
            found = next(settled)
            assert {name: found[name] for name in expected} == {**expected, **_receipt(expected, drift)}, drift
    assert next(settled, None) is None
    ids = [one["entity_id"] for one in items]
    assert ids.count(right["repeated"]) == 2
    assert {one["status"] for one in (await razorpay.get("/v1/payments", count=100))["items"]} == {"captured"}
    assert await report(razorpay) == items


def _receipt(expected: dict[str, Any], drift: str) -> dict[str, Any]:
    return {"order_receipt": f"drift-{drift}"} if expected.get("order_receipt") else {}


async def test_payment_that_is_forgotten_is_known_to_no_list_and_settled_by_nobody(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()

    await razorpay.do(f"/payments/{payment_id}", "DELETE")

    assert (await razorpay.ask("GET", f"/v1/payments/{payment_id}")).status_code == 400
    assert (await razorpay.get("/v1/payments"))["items"] == []
    assert (await razorpay.ask("POST", "/settlements", json={})).status_code == 400
    assert (await razorpay.ask("DELETE", f"/payments/{payment_id}")).status_code == 400


@pytest.mark.parametrize("end", ["won", "lost"])
async def test_dispute_is_opened_goes_on_and_ends_and_a_lost_one_is_deducted(razorpay: Razorpay, end: str) -> None:
    await razorpay.faults({"action": "dispute", "seconds": 0.01})
    async with razorpay.listening(webhook_events=["payment.dispute.*"]) as listener:
        payment_id = await razorpay.captured()
        opened = told(await listener.arrived(1))[0]["payload"]["dispute"]["entity"]
        for status in ("under_review", "action_required", end):
            await razorpay.do(f"/disputes/{opened['id']}", "PATCH", json={"status": status})
        events = told(await listener.arrived(4))
    await razorpay.do("/settlements", json={})

    assert (opened["payment_id"], opened["amount"], opened["status"], opened["amount_deducted"]) == (
        payment_id,
        50_000,
        "open",
        0,
    )
    names = ["created", "under_review", "action_required", end]
    assert [event["event"] for event in events] == [f"payment.dispute.{name}" for name in names]
    dispute = await razorpay.get(f"/v1/disputes/{opened['id']}")
    assert (dispute["status"], dispute["amount_deducted"]) == (end, 50_000 if end == "lost" else 0)
    deducted = [one for one in await report(razorpay) if one["type"] == "adjustment"]
    assert [(one["debit"], one["dispute_id"], one["payment_id"]) for one in deducted] == (
        [(50_000, opened["id"], payment_id)] if end == "lost" else []
    )
    assert ("dispute_loss", 50_000) in await razorpay.moved() or end == "won"
    assert (await razorpay.ask("PATCH", f"/disputes/{opened['id']}", json={"status": "closed"})).status_code == 400


async def test_downtime_is_told_of_listed_and_ended(razorpay: Razorpay) -> None:
    async with razorpay.listening() as listener:
        started = await razorpay.do("/downtimes", json={"method": "netbanking", "instrument": {"bank": "HDFC"}})
        for status in ("updated", "resolved"):
            await razorpay.do(f"/downtimes/{started['id']}", "PATCH", json={"status": status, "severity": "low"})
        events = told(await listener.arrived(3))

    assert started == {
        "id": like("down_"),
        "entity": "payment.downtime",
        "method": "netbanking",
        "begin": NOW,
        "end": None,
        "status": "started",
        "scheduled": False,
        "severity": "high",
        "instrument": {"bank": "HDFC"},
        "created_at": NOW,
        "updated_at": NOW,
    }
    assert [event["event"] for event in events] == [f"payment.downtime.{one}" for one in ("started", "updated", "resolved")]
    ended = await razorpay.get(f"/v1/payments/downtimes/{started['id']}")
    assert (ended["status"], ended["severity"], ended["end"]) == ("resolved", "low", NOW)
    assert (await razorpay.get("/v1/payments/downtimes"))["items"] == [ended]
