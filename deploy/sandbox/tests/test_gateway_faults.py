"""Every way in which a gateway's answer can go wrong, and what was done meanwhile."""

import asyncio
from typing import Any, Final

import httpx
import pytest

from deploy.sandbox.tests.gateway_arrange import Razorpay, Stripe

# The rule, the status of the answer (None: there is none), and whether the request was carried out.
FAULTS: Final[list[tuple[dict[str, Any], int | None, bool]]] = [
    ({"action": 503}, 503, False),
    ({"action": "status", "status": 400, "reason": "insufficient_funds"}, 400, False),
    ({"action": "rate_limit", "seconds": 7}, 429, False),
    ({"action": "delay", "seconds": 0.2}, 200, True),
    ({"action": "timeout_before"}, None, False),
    ({"action": "timeout_after_commit"}, None, True),
    ({"action": "status_after_commit"}, 500, True),
    ({"action": "status_after_commit", "status": 504}, 504, True),
    ({"action": "drop_connection"}, None, False),
    ({"action": "drop_connection", "recorded": True}, None, True),
    ({"action": "malformed"}, 200, False),
    ({"action": "malformed", "recorded": True}, 200, True),
]


async def ended(asking: Any) -> httpx.Response | None:
    """The answer, or None where it does not come within half a second."""
    try:
        async with asyncio.timeout(0.5):
            return await asking  # type: ignore[no-any-return] # what a client gives
    except (TimeoutError, httpx.TransportError):
        return None


async def test_answer_of_razorpay_goes_wrong_in_every_way_and_only_where_it_should(razorpay: Razorpay) -> None:
    for number, (rule, status, done) in enumerate(FAULTS):
        payment_id = await razorpay.pay(await razorpay.order(receipt=f"f-{number}"))
        await razorpay.faults({"match": payment_id, "operation": "payments.capture", "times": 1, **rule})
        answer = await ended(razorpay.capture(payment_id))
        assert (answer.status_code if answer is not None else None) == status, rule
        assert (await razorpay.payment(payment_id))["captured"] is done, rule
        if answer is not None and status != 200:
            assert answer.json()["error"]["code"].endswith("_ERROR")
            assert answer.headers.get("Retry-After") == ("7" if status == 429 else None)

    assert len(await razorpay.moved()) == sum(done for _, _, done in FAULTS)


async def test_answer_of_stripe_goes_wrong_in_every_way_and_its_key_finds_out_what_was_done(stripe: Stripe) -> None:
    for number, (rule, status, done) in enumerate(FAULTS):
        key = f"key-{number}"
        await stripe.faults({"match": key, "operation": "payment_intents.create", "times": 1, **rule})
        answer = await ended(stripe.charge(key=key, receipt=key))
        assert (answer.status_code if answer is not None else None) == status, rule
        assert (len((await stripe.get("/ledger", reference=key))["items"]) == 1) is done, rule
        # A key in whose request execution has begun has its first answer, be that a server's error.
        again = await stripe.charge(key=key, receipt=key)
        kept = status if done and rule["action"] == "status_after_commit" else 200
        assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (kept, "true" if done else None), rule

    receipts = [one["reference"] for one in (await stripe.get("/ledger"))["items"]]
    assert sorted(receipts) == sorted({f"key-{number}" for number in range(len(FAULTS))})
    assert (await stripe.get("/ledger/stats"))["repeated"] == []


async def test_malformed_answer_is_half_a_document(razorpay: Razorpay) -> None:
    await razorpay.faults({"action": "malformed", "recorded": True, "operation": "orders.create"})
    answer = await razorpay.ask("POST", "/v1/orders", json={"amount": 100, "currency": "INR"})

    assert (answer.status_code, answer.text[:13]) == (200, '{"id":"order_')
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


async def test_rule_strikes_its_operation_its_receipt_its_number_of_times_and_each_so_manieth(razorpay: Razorpay) -> None:
    await razorpay.faults(
        {"match": "bad-*", "operation": "orders.create", "action": 500, "times": 2},
        {"match": "every-*", "operation": "orders.*", "every": 3, "action": 502},
    )

    async def statuses(prefix: str) -> list[int]:
        wanted = [{"amount": 100, "currency": "INR", "receipt": f"{prefix}-{number}"} for number in range(6)]
        return [(await razorpay.ask("POST", "/v1/orders", json=one)).status_code for one in wanted]

    assert await statuses("good") == [200] * 6
    assert await statuses("bad") == [500, 500, 200, 200, 200, 200]
    assert await statuses("every") == [200, 200, 502, 200, 200, 502]
    assert (await razorpay.get("/v1/orders", receipt="every-2"))["count"] == 0


async def test_payments_end_as_a_rule_says_at_once_and_later(razorpay: Razorpay) -> None:
    await razorpay.faults(
        {"match": "d", "action": "decline", "reason": "payment_risk_check_failed"},
        {"match": "l", "action": "late_authorisation", "seconds": 0.05},
        {"match": "p", "action": "pending", "seconds": 0.05},
        {"match": "f", "action": "pending", "seconds": 0.05, "reason": "payment_cancelled"},
    )

    async def begun(receipt: str) -> Any:
        order = await razorpay.order(receipt=receipt, payment_capture=True)
        await razorpay.ask("POST", "/checkout", json={"order_id": order["id"]})
        return (await razorpay.get(f"/v1/orders/{order['id']}/payments"))["items"][0]

    declined = await begun("d")
    assert (declined["status"], declined["error_reason"]) == ("failed", "payment_risk_check_failed")
    for receipt, first, last in (("l", "failed", "captured"), ("p", "created", "captured"), ("f", "created", "failed")):
        payment = await begun(receipt)
        assert payment["status"] in (first, last)
        await razorpay.until(f"/v1/payments/{payment['id']}", status=last)
    assert await razorpay.moved() == [("capture", 50_000)] * 2


SENSELESS: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("razorpay", {"action": "decline"}, "decline needs a reason"),
    ("razorpay", {"action": "delay"}, "delay needs seconds"),
    ("razorpay", {"action": "status"}, "status needs the HTTP status"),
    ("razorpay", {"action": "delay", "seconds": 1, "status": 500}, "status goes with"),
    ("razorpay", {"action": "drift"}, "go together"),
    ("razorpay", {"action": "webhook"}, "webhook needs"),
    ("razorpay", {"action": "decline", "reason": "x", "repeat": 2}, "go with webhook"),
    ("razorpay", {"action": "pending", "operation": "orders.*"}, "operation goes with answers"),
    ("razorpay", {"action": 500, "recorded": True}, "recorded goes with"),
    ("stripe", {"action": "late_authorisation"}, "does not happen at Stripe"),
    ("stripe", {"action": "drift", "drift": "on_hold"}, "cannot be seen"),
]


async def test_rule_that_makes_no_sense_is_refused_with_a_sentence(razorpay: Razorpay) -> None:
    for provider, rule, sentence in SENSELESS:
        refused = await razorpay.http.post(f"/faults/{provider}", json=rule)
        assert (refused.status_code, sentence in refused.json()["detail"]) == (422, True), refused.text


async def test_every_answer_takes_the_time_that_the_account_says(razorpay: Razorpay) -> None:
    await razorpay.account(answer_after_s=0.2)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await asyncio.gather(*(razorpay.order(receipt=f"r-{number}") for number in range(10)))

    assert 0.2 <= loop.time() - begin < 1.9
    wrong = await razorpay.ask("PATCH", "/account", json={"answer_after": 1})
    assert (wrong.status_code, (await razorpay.get("/account"))["answer_after_s"]) == (422, 0.2)
