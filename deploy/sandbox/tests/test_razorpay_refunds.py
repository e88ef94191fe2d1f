"""The stand-in of Razorpay: refunds, their idempotency header, and the clock that makes payments too old for them."""

import asyncio
from typing import Any, Final

from deploy.sandbox.tests.gateway_arrange import NOW, Razorpay, like, told

KEY: Final = "refund-attempt_1"
MONTH_S: Final = 31 * 86_400


async def test_refund_is_as_documented_and_counted_on_its_payment(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    refund = (await razorpay.refund(payment_id, amount=20_000, receipt="refund-1", notes={"why": "late"})).json()
    partly = await razorpay.payment(payment_id)
    rest = (await razorpay.refund(payment_id, speed="optimum")).json()

    assert refund == {
        "id": like("rfnd_"),
        "entity": "refund",
        "amount": 20_000,
        "currency": "INR",
        "payment_id": payment_id,
        "notes": {"why": "late"},
        "receipt": "refund-1",
        "acquirer_data": {"arn": None},
        "created_at": NOW,
        "batch_id": None,
        "status": "processed",
        "speed_processed": "normal",
        "speed_requested": "normal",
    }
    assert (partly["status"], partly["refund_status"], partly["amount_refunded"]) == ("captured", "partial", 20_000)
    whole = await razorpay.payment(payment_id)
    assert (whole["status"], whole["refund_status"], whole["amount_refunded"]) == ("refunded", "full", 50_000)
    assert (await razorpay.get(f"/v1/payments/{payment_id}/refunds"))["items"] == [rest, refund]
    assert await razorpay.get(f"/v1/payments/{payment_id}/refunds/{refund['id']}") == refund
    assert await razorpay.get(f"/v1/refunds/{rest['id']}") == rest
    assert (await razorpay.get("/v1/orders"))["items"][0]["status"] == "paid"
    assert await razorpay.moved() == [("capture", 50_000), ("refund", 20_000), ("refund", 30_000)]


async def test_never_more_is_refunded_than_was_captured(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    both = await asyncio.gather(*(razorpay.refund(payment_id, amount=30_000) for _ in range(2)))
    wrong: list[dict[str, Any]] = [
        {"amount": 20_001},
        {"amount": 0},
        {"amount": 1.5},
        {"speed": "instant"},
        {"receipt": "x" * 41},
    ]
    refused = [(await razorpay.refund(payment_id, **fields)).status_code for fields in wrong]
    authorised = await razorpay.refund(await razorpay.pay(await razorpay.order()))
    await razorpay.refund(payment_id)
    nothing_left = await razorpay.refund(payment_id)

    assert sorted(one.status_code for one in both) == [200, 400]
    assert refused == [400] * len(wrong)
    assert "status should be captured" in authorised.json()["error"]["description"]
    assert "fully refunded already" in nothing_left.json()["error"]["description"]
    assert await razorpay.moved() == [("capture", 50_000), ("refund", 30_000), ("refund", 20_000)]


async def test_one_key_is_one_refund_whose_first_answer_comes_again(razorpay: Razorpay) -> None:
    payment_id, other_id = await razorpay.captured(), await razorpay.captured(receipt="attempt-2")
    first = await razorpay.refund(payment_id, KEY, amount=100)
    again = await razorpay.refund(payment_id, KEY, amount=100)
    other_body = await razorpay.refund(payment_id, KEY, amount=200)
    other_payment = await razorpay.refund(other_id, KEY, amount=100)
    short = await razorpay.refund(payment_id, "too-short", amount=100)
    strange = await razorpay.refund(payment_id, "with a blank in it", amount=100)

    assert (first.status_code, again.json()) == (200, first.json())
    assert {one.status_code for one in (other_body, other_payment)} == {409}
    assert other_body.json()["error"]["description"].startswith("Different request with the same idempotency key")
    assert (short.status_code, strange.status_code) == (400, 400)
    assert [move for move in await razorpay.moved() if move[0] == "refund"] == [("refund", 100)]


async def test_key_is_in_use_until_the_first_request_is_answered_and_free_where_that_was_refused(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    refused = await razorpay.refund(payment_id, KEY, amount=50_001)
    await razorpay.faults({"action": "delay", "seconds": 0.5, "operation": "refunds.create", "times": 1})
    slow = asyncio.create_task(razorpay.refund(payment_id, KEY, amount=100))
    await razorpay.get("/ledger/wait", kind="refund")
    meanwhile = await razorpay.refund(payment_id, KEY, amount=100)
    first, again = await slow, await razorpay.refund(payment_id, KEY, amount=100)

    assert (refused.status_code, meanwhile.status_code) == (400, 409)
    assert "still in progress" in meanwhile.json()["error"]["description"]
    assert again.json() == first.json()
    assert [move for move in await razorpay.moved() if move[0] == "refund"] == [("refund", 100)]


async def test_refund_is_pending_and_then_goes_well_or_fails_and_leaves_the_payment_as_it_was(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    await razorpay.faults(
        {"action": "refund_failed", "seconds": 0.05, "times": 1}, {"action": "refund_pending", "seconds": 0.05, "times": 1}
    )
    async with razorpay.listening() as listener:
        refunds = [(await razorpay.refund(payment_id, amount=10_000)).json() for _ in range(2)]
        calls = await listener.arrived(4)
    failed, processed = [await razorpay.get(f"/v1/refunds/{one['id']}") for one in refunds]

    assert {one["status"] for one in refunds} == {"pending"}
    assert (failed["status"], processed["status"], processed["speed_processed"]) == ("failed", "processed", "normal")
    assert sorted(event["event"] for event in told(calls)) == ["refund.created"] * 2 + ["refund.failed", "refund.processed"]
    assert (await razorpay.payment(payment_id))["amount_refunded"] == 10_000
    moved = await razorpay.moved()
    assert sorted(moved) == [("capture", 50_000), ("refund", 10_000), ("refund", 10_000), ("refund_reversal", 10_000)]


async def test_amount_decides_of_a_refund_as_well(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    statuses = [(await razorpay.refund(payment_id, amount=amount)).json()["status"] for amount in (961, 962, 963)]

    assert statuses == ["pending", "pending", "processed"]


async def test_after_three_days_an_authorised_payment_is_given_back(razorpay: Razorpay) -> None:
    payment_id = await razorpay.pay(await razorpay.order())
    captured_id = await razorpay.pay(await razorpay.order(receipt="attempt-2"))
    await razorpay.capture(captured_id)
    async with razorpay.listening() as listener:
        await razorpay.account(clock_offset_s=3 * 86_400 - 60)
        assert (await razorpay.payment(payment_id))["status"] == "authorized"
        await razorpay.account(clock_offset_s=3 * 86_400 + 1)
        events = told(await listener.arrived(2))

    given_back, kept = await razorpay.payment(payment_id), await razorpay.payment(captured_id)
    assert (given_back["status"], given_back["captured"], kept["status"]) == ("refunded", False, "captured")
    assert [event["event"] for event in events] == ["refund.created", "refund.processed"]
    assert (await razorpay.capture(payment_id)).status_code == 400
    assert await razorpay.moved() == [("capture", 50_000)]


async def test_after_six_months_nothing_is_refunded(razorpay: Razorpay) -> None:
    payment_id = await razorpay.captured()
    await razorpay.account(clock_offset_s=5 * MONTH_S)
    assert (await razorpay.refund(payment_id, amount=100)).status_code == 200
    await razorpay.account(clock_offset_s=6 * MONTH_S)
    refused = await razorpay.refund(payment_id, amount=100)

    assert "6 months" in refused.json()["error"]["description"]
    assert await razorpay.moved() == [("capture", 50_000), ("refund", 100)]
