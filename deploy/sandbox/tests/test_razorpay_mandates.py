"""The stand-in of Razorpay: customers, their mandates, and charges on them without the customer."""

import time
from typing import Any, Final

import httpx

from deploy.sandbox.tests.gateway_arrange import NOW, Razorpay, like, told

DAY_S: Final = 86_400


async def mandate(razorpay: Razorpay, **fields: Any) -> dict[str, Any]:
    """A customer's mandate."""
    customer_id = await razorpay.customer(contact=fields.pop("contact", "+919812345678"))
    token = await razorpay.do("/tokens", json={"customer_id": customer_id, **fields})
    return {**token, "customer_id": customer_id}


async def noticed(
    razorpay: Razorpay, token: dict[str, Any], amount: int = 50_000, after_s: int = -1, receipt: str = "a-1"
) -> Any:
    """An order whose debit the customer has been told of."""
    notification = {"token_id": token["id"], "payment_after": int(time.time()) + after_s}
    return await razorpay.order(amount, receipt, payment_capture=True, notification=notification)


async def charge(razorpay: Razorpay, token: dict[str, Any], order: Any, **fields: Any) -> httpx.Response:
    """A charge on a mandate."""
    wanted = {
        "email": "ann@example.com",
        "contact": "+919812345678",
        "amount": order["amount"],
        "currency": order["currency"],
        "order_id": order["id"],
        "customer_id": token["customer_id"],
        "token": token["id"],
        "recurring": True,
        **fields,
    }
    return await razorpay.ask("POST", "/v1/payments/create/recurring", json=wanted)


async def test_customer_is_as_documented_and_one_per_address(razorpay: Razorpay) -> None:
    wanted = {"name": "Gaurav Kumar", "email": "g@example.com", "contact": "+919876543210", "notes": {"ours": "7"}}
    created = await razorpay.do("/v1/customers", json=wanted)
    again = await razorpay.ask("POST", "/v1/customers", json=wanted)
    found = await razorpay.do("/v1/customers", json={**wanted, "fail_existing": "0"})
    edited = await razorpay.do(f"/v1/customers/{created['id']}", "PUT", json={"name": "Gaurav K"})

    assert created == {**wanted, "id": like("cust_"), "entity": "customer", "gstin": None, "created_at": NOW}
    assert (again.status_code, again.json()["error"]["description"]) == (400, "Customer already exists for the merchant")
    assert found == created
    assert edited == {**created, "name": "Gaurav K"} == await razorpay.get(f"/v1/customers/{created['id']}")


async def test_mandate_is_given_with_the_first_payment_and_stands_as_bank_and_customer_leave_it(razorpay: Razorpay) -> None:
    customer_id = await razorpay.customer()
    token = {"max_amount": 1_500_000, "expire_at": int(time.time()) + DAY_S, "frequency": "monthly"}
    order = await razorpay.order(customer_id=customer_id, token=token, method="card")
    payment_id = await razorpay.pay(order, method="card", mandate_status="initiated")
    given_id = (await razorpay.payment(payment_id))["token_id"]
    path = f"/v1/customers/{customer_id}/tokens"

    async with razorpay.listening() as listener:
        statuses = [(await razorpay.get(f"{path}/{given_id}"))["recurring_details"]["status"]]
        for status in ("confirmed", "paused", "cancelled", "rejected"):
            await razorpay.do(f"/tokens/{given_id}", "PATCH", json={"status": status})
            statuses.append((await razorpay.get(f"{path}/{given_id}"))["recurring_details"]["status"])
        events = [event["event"] for event in told(await listener.arrived(4))]

    assert statuses == ["initiated", "confirmed", "paused", "cancelled", "rejected"]
    assert events == ["token.confirmed", "token.paused", "token.cancelled", "token.rejected"]
    (listed,) = (await razorpay.get(path))["items"]
    assert (listed["id"], listed["entity"], listed["max_amount"], listed["card"]["network"]) == (
        given_id,
        "token",
        1_500_000,
        "Visa",
    )
    assert await razorpay.do(f"{path}/{given_id}", "DELETE") == {"deleted": True}
    assert (await razorpay.get(path))["count"] == 0


async def test_charge_after_its_notice_is_captured_and_answers_as_documented(razorpay: Razorpay) -> None:
    token = await mandate(razorpay, method="emandate", max_amount=100_000)
    async with razorpay.listening(webhook_events=["order.*", "payment.captured"]) as listener:
        order = await noticed(razorpay, token)
        await listener.arrived(1)
        answer = (await charge(razorpay, token, order, notes={"cycle": "2026-11"})).json()
        events = [event["event"] for event in told(await listener.arrived(3))]

    assert set(answer) == {"razorpay_payment_id", "razorpay_order_id", "razorpay_signature"}
    assert order["notification"] == {**order["notification"], "id": like("notification_"), "token_id": token["id"]}
    payment = await razorpay.payment(answer["razorpay_payment_id"])
    assert (payment["status"], payment["token_id"], payment["notes"]) == ("captured", token["id"], {"cycle": "2026-11"})
    assert (events[0], sorted(events[1:])) == ("order.notification.delivered", ["order.paid", "payment.captured"])
    card = await mandate(razorpay, contact="+919812345679")
    assert set((await charge(razorpay, card, await noticed(razorpay, card))).json()) == {"razorpay_payment_id"}


async def test_declined_charge_leaves_a_payment_that_its_error_names(razorpay: Razorpay) -> None:
    token = await mandate(razorpay, outcome="insufficient_funds")
    order = await noticed(razorpay, token)
    declined = await charge(razorpay, token, order)
    await razorpay.do(f"/tokens/{token['id']}", "PATCH", json={"outcome": "bank_technical_error"})
    broken = await charge(razorpay, token, order)

    error = declined.json()["error"]
    assert (declined.status_code, error["reason"], error["metadata"]["order_id"]) == (400, "insufficient_funds", order["id"])
    failed = await razorpay.payment(error["metadata"]["payment_id"])
    assert (failed["status"], failed["error_reason"], failed["order_id"]) == ("failed", "insufficient_funds", order["id"])
    assert (broken.status_code, broken.json()["error"]["code"]) == (502, "GATEWAY_ERROR")
    assert await razorpay.moved() == []


async def test_charge_that_the_mandate_or_its_notice_does_not_allow_is_refused(razorpay: Razorpay) -> None:
    token = await mandate(razorpay, max_amount=60_000)
    other = await mandate(razorpay, contact="+919812345679")
    order, too_early = await noticed(razorpay, token), await noticed(razorpay, token, after_s=37 * 3600)
    wrong: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
        (token, order, {"amount": 49_999}),
        (token, order, {"currency": "USD"}),
        (token, order, {"recurring": False}),
        (token, order, {"email": None}),
        ({**token, "customer_id": other["customer_id"]}, order, {}),
        (other, order, {}),
        (token, too_early, {}),
        (token, await noticed(razorpay, token, 60_001), {}),
        (token, {**order, "id": "order_x"}, {}),
    ]
    answers = [await charge(razorpay, *one[:2], **one[2]) for one in wrong]
    await razorpay.account(clock_offset_s=38 * 3600)
    in_time = await charge(razorpay, token, too_early)
    await razorpay.do(f"/tokens/{token['id']}", "PATCH", json={"status": "paused"})
    paused = await charge(razorpay, token, order)

    assert [one.status_code for one in answers] == [400] * len(wrong)
    assert (in_time.status_code, paused.status_code) == (200, 400)
    assert await razorpay.moved() == [("capture", 50_000)]


async def test_a_notice_that_could_not_be_delivered_forbids_the_debit(razorpay: Razorpay) -> None:
    token = await mandate(razorpay)
    await razorpay.faults({"action": "notice_failed"})
    async with razorpay.listening() as listener:
        order = await noticed(razorpay, token)
        events = told(await listener.arrived(1))
    refused = await charge(razorpay, token, order)

    assert (events[0]["event"], events[0]["payload"]["order"]["entity"]["id"]) == ("order.notification.failed", order["id"])
    assert (refused.status_code, "could not be delivered" in refused.text) == (400, True)


async def test_charge_without_a_notice_or_above_the_limit_of_banks_waits(razorpay: Razorpay) -> None:
    await razorpay.account(own_notice_s=1.5)
    token = await mandate(razorpay)
    unnoticed = (await charge(razorpay, token, await razorpay.order(payment_capture=True))).json()["razorpay_payment_id"]
    statuses = [(await razorpay.payment(unnoticed))["status"]]
    statuses.append((await razorpay.until(f"/v1/payments/{unnoticed}", status="captured"))["status"])
    large = (await charge(razorpay, token, await noticed(razorpay, token, 1_500_001))).json()["razorpay_payment_id"]
    waiting = (await razorpay.payment(large))["status"]
    await razorpay.do(f"/payments/{large}/bank", json={"outcome": "captured"})

    assert statuses == ["created", "captured"]
    assert (waiting, (await razorpay.payment(large))["status"]) == ("created", "captured")


async def test_upi_debits_a_mandate_once_in_a_cycle_and_not_while_another_debit_is_undecided(razorpay: Razorpay) -> None:
    token = await mandate(razorpay, method="upi", frequency="monthly")
    await razorpay.faults({"action": "pending", "seconds": 3600, "times": 1})
    pending = (await charge(razorpay, token, await noticed(razorpay, token))).json()["razorpay_payment_id"]
    undecided = await charge(razorpay, token, await noticed(razorpay, token))
    await razorpay.do(f"/payments/{pending}/bank", json={"outcome": "captured"})
    same_cycle = await charge(razorpay, token, await noticed(razorpay, token))
    await razorpay.account(clock_offset_s=32 * DAY_S)
    next_cycle = await charge(razorpay, token, await noticed(razorpay, token))

    assert "not completed" in undecided.json()["error"]["description"]
    assert "in this cycle already" in same_cycle.json()["error"]["description"]
    assert next_cycle.status_code == 200
    assert await razorpay.moved() == [("capture", 50_000)] * 2
