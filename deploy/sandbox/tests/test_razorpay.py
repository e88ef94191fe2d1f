"""The stand-in of Razorpay: orders, attempts to pay them, capture, and what is refused; samples are of its documentation."""

import asyncio
import hashlib
import hmac
from typing import Any, Final

import httpx

from deploy.sandbox.tests.gateway_arrange import KEY_ID, NOW, Razorpay, like

ORDER: Final = {
    "id": like("order_"),
    "entity": "order",
    "amount": 50_000,
    "amount_paid": 0,
    "amount_due": 50_000,
    "currency": "INR",
    "receipt": "attempt-1",
    "offer_id": None,
    "status": "created",
    "attempts": 0,
    "notes": {"order": "O-7"},
    "created_at": NOW,
}
PAYMENT: Final = {
    "id": like("pay_"),
    "entity": "payment",
    "amount": 50_000,
    "currency": "INR",
    "status": "authorized",
    "order_id": like("order_"),
    "invoice_id": None,
    "international": False,
    "method": "upi",
    "amount_refunded": 0,
    "refund_status": None,
    "captured": False,
    "description": None,
    "card_id": None,
    "bank": None,
    "wallet": None,
    "vpa": "ann@exampleupi",
    "upi": {"vpa": "ann@exampleupi"},
    "email": "ann@example.com",
    "contact": "+919812345678",
    "notes": {"order": "O-7"},
    "fee": None,
    "tax": None,
    "error_code": None,
    "error_description": None,
    "error_source": None,
    "error_step": None,
    "error_reason": None,
    "created_at": NOW,
}
NOTES: Final = {"order": "O-7"}


def without(document: Any, *names: str) -> dict[str, Any]:
    """A document but for some fields."""
    return {name: value for name, value in document.items() if name not in names}


async def test_order_is_as_documented_and_found_by_its_receipt(razorpay: Razorpay) -> None:
    created = await razorpay.order(notes=NOTES)
    await razorpay.order(receipt="attempt-2")

    assert created == ORDER
    assert await razorpay.get(f"/v1/orders/{created['id']}") == created
    assert await razorpay.get("/v1/orders", receipt="attempt-1") == {"entity": "collection", "count": 1, "items": [created]}
    assert [one["receipt"] for one in (await razorpay.get("/v1/orders"))["items"]] == ["attempt-2", "attempt-1"]
    assert (await razorpay.get("/v1/orders", count=1, skip=1))["items"] == [created]
    assert (await razorpay.get("/v1/orders", to=created["created_at"] - 1))["items"] == []
    assert (await razorpay.order(receipt=None))["notes"] == []


async def test_payment_is_authorised_by_its_customer_captured_by_us_and_the_order_paid(razorpay: Razorpay) -> None:
    order = await razorpay.order(notes=NOTES)
    done = await razorpay.do("/checkout", json={"order_id": order["id"]})
    payment_id = done["razorpay_payment_id"]
    authorised = await razorpay.payment(payment_id)
    captured = (await razorpay.capture(payment_id)).json()

    signed = hmac.new(b"sandbox", f"{order['id']}|{payment_id}".encode(), hashlib.sha256).hexdigest()
    assert done == {"razorpay_payment_id": payment_id, "razorpay_order_id": order["id"], "razorpay_signature": signed}
    assert without(authorised, "acquirer_data") == PAYMENT
    assert set(authorised["acquirer_data"]) == {"rrn", "upi_transaction_id"}
    # 2 % and 18 % GST of that: 1,000 + 180 paise, the tax being a part of the fee.
    assert captured == {**authorised, "status": "captured", "captured": True, "fee": 1180, "tax": 180}
    assert await razorpay.payment(payment_id) == captured
    after = await razorpay.get(f"/v1/orders/{order['id']}")
    assert after == {**order, "status": "paid", "attempts": 1, "amount_paid": 50_000, "amount_due": 0}
    assert await razorpay.moved() == [("capture", 50_000)]


async def test_orders_say_by_themselves_whether_they_are_captured_and_list_with_their_payments(razorpay: Razorpay) -> None:
    manual = await razorpay.order(receipt="manual")
    await razorpay.pay(manual, method="card")
    automatic = await razorpay.order(receipt="automatic", payment={"capture": "automatic"})
    await razorpay.pay(automatic)
    await razorpay.order(receipt="unpaid")

    async def listed(**query: Any) -> list[tuple[str, list[str]]]:
        items = (await razorpay.get("/v1/orders", **query, **{"expand[]": "payments"}))["items"]
        return [(one["receipt"], [payment["status"] for payment in one["payments"]["items"]]) for one in items]

    assert await listed(authorized=1) == [("automatic", ["captured"]), ("manual", ["authorized"])]
    assert await listed(authorized=0) == [("unpaid", [])]
    card = (await razorpay.get(f"/v1/orders/{manual['id']}/payments"))["items"][0]
    assert (card["method"], card["card_id"], card["card"]["last4"]) == ("card", card["card"]["id"], "1111")
    assert [one["order_id"] for one in (await razorpay.get("/v1/payments"))["items"]] == [automatic["id"], manual["id"]]


async def test_declined_payment_names_its_reason_and_the_order_takes_another_attempt(razorpay: Razorpay) -> None:
    order = await razorpay.order(payment_capture=1)
    error = await razorpay.failed(order, outcome="insufficient_funds")
    await razorpay.pay(order)

    about = {"payment_id": like("pay_"), "order_id": order["id"]}
    assert error == {
        "code": "BAD_REQUEST_ERROR",
        "description": "Your payment could not be completed due to insufficient account balance.",
        "source": "customer",
        "step": "payment_authorization",
        "reason": "insufficient_funds",
        "metadata": about,
    }
    attempts = (await razorpay.get(f"/v1/orders/{order['id']}/payments"))["items"]
    assert [(one["status"], one["error_reason"]) for one in attempts] == [("captured", None), ("failed", "insufficient_funds")]
    assert (await razorpay.get(f"/v1/orders/{order['id']}"))["attempts"] == 2


async def test_late_authorisation_is_captured_and_a_second_one_of_a_paid_order_is_given_back(razorpay: Razorpay) -> None:
    order = await razorpay.order(payment_capture=True)
    late = [(await razorpay.failed(order, outcome="late", seconds=3600))["metadata"]["payment_id"] for _ in range(2)]
    for payment_id in late:
        await razorpay.do(f"/payments/{payment_id}/bank", json={})

    first, second = [await razorpay.payment(payment_id) for payment_id in late]
    assert (first["status"], first["error_reason"]) == ("captured", None)
    assert (second["status"], second["refund_status"], second["captured"]) == ("refunded", "full", False)
    assert await razorpay.moved() == [("capture", 50_000)]
    assert (await razorpay.get(f"/v1/payments/{second['id']}/refunds"))["count"] == 1


async def test_an_order_is_paid_once_and_not_while_an_attempt_is_authorised(razorpay: Razorpay) -> None:
    order = await razorpay.order()
    payment_id = await razorpay.pay(order)
    meanwhile = await razorpay.failed(order)
    await razorpay.capture(payment_id)
    afterwards = await razorpay.failed(order)

    assert (meanwhile["description"], afterwards["reason"]) == (
        "The order has an authorized payment already",
        "order_already_paid",
    )
    part = await razorpay.order(receipt="parts", partial_payment=True, payment_capture=True)
    await razorpay.pay(part, amount=20_000)
    assert (await razorpay.failed(part, amount=30_001))["field"] == "amount"
    await razorpay.pay(part, amount=30_000)
    assert (await razorpay.get(f"/v1/orders/{part['id']}"))["status"] == "paid"


REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"amount": 99}, "amount"),
    ({"amount": 0, "currency": "USD"}, "amount"),
    ({"amount": 500.0}, "amount"),
    ({"amount": "500"}, "amount"),
    ({"amount": None}, "amount"),
    ({"amount": True}, "amount"),
    ({"currency": None}, "currency"),
    ({"currency": "inr"}, "currency"),
    ({"currency": "KWD", "amount": 1_001}, "amount"),
    ({"currency": "BHD", "amount": 1_009}, "amount"),
    ({"currency": "OMR", "amount": 1_005}, "amount"),
    ({"receipt": "x" * 41}, "receipt"),
    ({"receipt": 7}, "receipt"),
    ({"notes": {str(number): "x" for number in range(16)}}, "notes"),
    ({"notes": {"order": "x" * 257}}, "notes"),
    ({"notes": "text"}, "notes"),
    ({"payment_capture": "maybe"}, "payment_capture"),
    ({"token": {"frequency": "monthly"}}, "token.max_amount"),
    ({"token": {"max_amount": 100, "frequency": "hourly"}}, "token.frequency"),
    ({"notification": {}}, "notification.payment_after"),
]


async def test_order_that_is_not_as_documented_is_refused_by_its_field(razorpay: Razorpay) -> None:
    found = []
    for change, _ in REFUSED:
        answer = await razorpay.ask("POST", "/v1/orders", json={"amount": 50_000, "currency": "INR", **change})
        found.append((answer.status_code, answer.json()["error"]["code"], answer.json()["error"].get("field")))

    assert found == [(400, "BAD_REQUEST_ERROR", field) for _, field in REFUSED]
    fitting = {"amount": 1_010, "currency": "KWD", "receipt": "x" * 40, "notes": {str(one): "x" * 256 for one in range(15)}}
    assert (await razorpay.do("/v1/orders", json=fitting))["amount"] == 1_010
    assert (await razorpay.get("/v1/orders"))["count"] == 1


async def test_unknown_ids_lists_beyond_their_limits_and_unknown_fields_are_errors(razorpay: Razorpay) -> None:
    for path in ("orders", "payments", "refunds", "settlements", "customers", "disputes"):
        unknown = await razorpay.ask("GET", f"/v1/{path}/x_WaybillSandbx0")
        too_many = await razorpay.ask("GET", f"/v1/{path}", params={"count": 101})
        strange = await razorpay.ask("GET", f"/v1/{path}", params={"colour": "red"})

        assert (unknown.status_code, unknown.json()["error"]["description"]) == (400, "The id provided does not exist")
        assert (too_many.status_code, too_many.json()["error"]["field"], strange.status_code) == (400, "count", 400)


async def test_key_and_secret_are_demanded_as_basic_and_nothing_else(razorpay: Razorpay) -> None:
    order = {"amount": 50_000, "currency": "INR"}
    shown = [httpx.BasicAuth(KEY_ID, "wrong"), httpx.BasicAuth("rzp_test_Somebody00000", "sandbox")]
    answers = [await razorpay.ask("POST", "/v1/orders", json=order, auth=auth) for auth in shown]
    bearer = {"Authorization": f"Bearer {KEY_ID}:sandbox"}
    answers.append(await razorpay.ask("POST", "/v1/orders", json=order, auth=None, headers=bearer))

    assert {(one.status_code, one.json()["error"]["description"]) for one in answers} == {(401, "Authentication failed")}
    assert (await razorpay.get("/v1/orders"))["count"] == 0


async def test_capture_takes_the_whole_amount_once_and_only_what_is_authorised(razorpay: Razorpay) -> None:
    payment_id = await razorpay.pay(await razorpay.order())
    wrong = [await razorpay.capture(payment_id, 49_999), await razorpay.capture(payment_id, 50_000, "USD")]
    assert await razorpay.moved() == []
    both = await asyncio.gather(*(razorpay.capture(payment_id) for _ in range(2)))
    failed = (await razorpay.failed(await razorpay.order(), outcome="card_expired"))["metadata"]["payment_id"]
    unauthorised = await razorpay.capture(failed)

    assert [one.json()["error"]["field"] for one in wrong] == ["amount", "currency"]
    assert sorted(one.status_code for one in both) == [200, 400]
    again = next(one for one in both if one.status_code == 400)
    assert again.json()["error"]["description"] == "This payment has already been captured"
    assert unauthorised.json()["error"]["description"].startswith("Only payments which have been authorized")
    assert await razorpay.moved() == [("capture", 50_000)]


MAGIC: Final = [
    (901, "failed", "payment_declined_due_to_high_traffic"),
    (906, "failed", "insufficient_funds"),
    (912, "failed", "card_expired"),
    (928, "failed", "order_already_paid"),
    (951, "created", None),
    (952, "created", None),
    (953, "failed", "payment_timed_out"),
    (900, "authorized", None),
]


async def test_last_digits_of_an_amount_decide_unless_they_are_switched_off(razorpay: Razorpay) -> None:
    async def outcome(digits: int) -> tuple[int, str, str | None]:
        order = await razorpay.order(50_000 + digits)
        await razorpay.ask("POST", "/checkout", json={"order_id": order["id"]})
        (payment,) = (await razorpay.get(f"/v1/orders/{order['id']}/payments"))["items"]
        return digits, payment["status"], payment["error_reason"]

    assert [await outcome(digits) for digits, _, _ in MAGIC] == MAGIC
    await razorpay.account(magic_amounts=False)
    assert await outcome(906) == (906, "authorized", None)
