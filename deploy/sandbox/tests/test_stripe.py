"""The stand-in of Stripe: intents off and on session, capture, refunds, cards, disputes; samples are of its documentation."""

import asyncio
from typing import Any, Final

import httpx

from deploy.sandbox.tests.gateway_arrange import NOW, Like, Stripe, like

INTENT: Final = {
    "id": like("pi_", 24),
    "object": "payment_intent",
    "amount": 50_000,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 50_000,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic_async",
    "client_secret": Like(r"pi_\w{24}_secret_\w{25}"),
    "confirmation_method": "automatic",
    "created": NOW,
    "currency": "inr",
    "customer": None,
    "description": None,
    "last_payment_error": None,
    "latest_charge": like("ch_", 24),
    "livemode": False,
    "metadata": {"receipt": "attempt-1"},
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": like("pm_", 24),
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "payment_method_types": ["card"],
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "succeeded",
    "transfer_data": None,
    "transfer_group": None,
}


async def test_charge_off_session_is_as_documented_and_found_by_its_metadata(stripe: Stripe) -> None:
    intent = await stripe.charged()
    await stripe.charged(receipt="attempt-2")

    assert intent == INTENT == await stripe.intent(intent["id"])
    found = await stripe.get("/v1/payment_intents/search", query="metadata['receipt']:'attempt-1'")
    assert (found["object"], found["data"]) == ("search_result", [intent])
    first = await stripe.get("/v1/payment_intents", limit=1)
    assert (first["has_more"], first["url"], first["data"][0]["metadata"]) == (
        True,
        "/v1/payment_intents",
        {"receipt": "attempt-2"},
    )
    rest = await stripe.get("/v1/payment_intents", starting_after=first["data"][0]["id"])
    assert (rest["has_more"], rest["data"]) == (False, [intent])
    assert (await stripe.get("/v1/payment_intents", **{"created[gt]": intent["created"] + 60}))["data"] == []
    whole = await stripe.get(f"/v1/payment_intents/{intent['id']}", **{"expand[]": "latest_charge.balance_transaction"})
    charge, txn = whole["latest_charge"], whole["latest_charge"]["balance_transaction"]
    assert (charge["paid"], charge["captured"], charge["amount_captured"]) == (True, True, 50_000)
    assert (txn["fee"], txn["net"], [one["type"] for one in txn["fee_details"]]) == (1_180, 48_820, ["stripe_fee", "tax"])


async def test_card_that_is_declined_answers_402_with_its_codes_and_the_intent_waits_for_another(stripe: Stripe) -> None:
    cards = {
        "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
        "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
        "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
        "pm_card_chargeDeclinedProcessingError": ("processing_error", "processing_error"),
        "pm_card_authenticationRequired": ("authentication_required", "authentication_required"),
    }
    waiting: list[str] = []
    for card, codes in cards.items():
        answer = await stripe.charge(payment_method=card)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"], error["decline_code"]) == (402, "card_error", *codes)
        assert (error["payment_intent"]["status"], error["charge"]) == ("requires_payment_method", like("ch_", 24))
        assert error["doc_url"] == f"https://stripe.com/docs/error-codes/{codes[0].replace('_', '-')}"
        after = await stripe.intent(error["payment_intent"]["id"])
        waiting.append(after["id"])
        assert (after["last_payment_error"]["code"], after["payment_method"], after["amount_received"]) == (codes[0], None, 0)

    assert (await stripe.charge(50_902)).json()["error"]["decline_code"] == "insufficient_funds"
    retried = await stripe.do(f"/v1/payment_intents/{waiting[0]}/confirm", data={"payment_method": "pm_card_visa"})
    assert (retried["status"], retried["last_payment_error"]) == ("succeeded", None)
    assert await stripe.moved() == [("capture", 50_000)]


async def test_customer_is_brought_back_to_authenticate_and_does_or_does_not(stripe: Stripe) -> None:
    on_session: dict[str, Any] = {"off_session": "false", "payment_method": "pm_card_authenticationRequired"}
    intents = [await stripe.charged(**on_session) for _ in range(2)]
    done = await stripe.do(f"/payment_intents/{intents[0]['id']}/bank", json={})
    not_done = await stripe.do(f"/payment_intents/{intents[1]['id']}/bank", json={"outcome": "authentication_failed"})

    assert {(one["status"], one["next_action"]["type"]) for one in intents} == {("requires_action", "redirect_to_url")}
    assert (done["status"], done["next_action"]) == ("succeeded", None)
    assert not_done["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert (await stripe.ask("POST", f"/payment_intents/{done['id']}/bank", json={})).status_code == 400
    assert await stripe.moved() == [("capture", 50_000)]


async def test_charge_that_banks_take_their_time_for_is_processing_and_then_succeeds_or_fails(stripe: Stripe) -> None:
    await stripe.faults(
        {"match": "good", "action": "pending", "seconds": 0.05},
        {"match": "bad", "action": "pending", "seconds": 0.05, "reason": "insufficient_funds"},
    )
    good, bad = await stripe.charged(receipt="good"), await stripe.charged(receipt="bad")

    assert {good["status"], bad["status"]} == {"processing"}
    await stripe.until(f"/v1/payment_intents/{good['id']}", status="succeeded")
    failed = await stripe.until(f"/v1/payment_intents/{bad['id']}", status="requires_payment_method")
    assert failed["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert (await stripe.charged(50_951))["status"] == "processing"


async def test_authorised_charge_is_captured_in_part_or_cancelled_once(stripe: Stripe) -> None:
    held, freed = [await stripe.charged(capture_method="manual") for _ in range(2)]
    too_much = await stripe.ask("POST", f"/v1/payment_intents/{held['id']}/capture", data={"amount_to_capture": "50001"})
    captured = await stripe.do(f"/v1/payment_intents/{held['id']}/capture", data={"amount_to_capture": "20000"})
    again = await stripe.ask("POST", f"/v1/payment_intents/{held['id']}/capture")
    cancelled = await stripe.do(f"/v1/payment_intents/{freed['id']}/cancel", data={"cancellation_reason": "abandoned"})
    late = await stripe.ask("POST", f"/v1/payment_intents/{captured['id']}/cancel")

    assert (held["status"], held["amount_capturable"], too_much.status_code) == ("requires_capture", 50_000, 400)
    assert (captured["status"], captured["amount_received"], captured["amount_capturable"]) == ("succeeded", 20_000, 0)
    assert (cancelled["status"], cancelled["cancellation_reason"], cancelled["canceled_at"]) == ("canceled", "abandoned", NOW)
    assert {one.json()["error"]["code"] for one in (again, late)} == {"payment_intent_unexpected_state"}
    assert await stripe.moved() == [("capture", 20_000)]


async def test_refund_is_as_documented_never_above_the_charge_and_may_fail_later(stripe: Stripe) -> None:
    intent = await stripe.charged()
    refund = (await stripe.refund(intent["id"], amount="20000", reason="duplicate", **{"metadata[receipt]": "refund-1"})).json()
    too_much = await stripe.refund(intent["id"], amount="30001")
    await stripe.faults({"action": "refund_failed", "seconds": 0.05})
    rest = (await stripe.refund(intent["id"])).json()
    failed = await stripe.until(f"/v1/refunds/{rest['id']}", status="failed")
    await stripe.faults()
    last = (await stripe.refund(intent["id"])).json()
    nothing_left = await stripe.refund(intent["id"])

    assert refund == {
        "id": like("re_", 24),
        "object": "refund",
        "amount": 20_000,
        "balance_transaction": like("txn_", 24),
        "charge": intent["latest_charge"],
        "created": NOW,
        "currency": "inr",
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "rrn", "type": "refund"},
            "type": "card",
        },
        "metadata": {"receipt": "refund-1"},
        "payment_intent": intent["id"],
        "reason": "duplicate",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    assert "greater than unrefunded amount" in too_much.json()["error"]["message"]
    assert (rest["status"], failed["failure_reason"]) == ("pending", "expired_or_canceled_card")
    assert (last["amount"], nothing_left.json()["error"]["code"]) == (30_000, "charge_already_refunded")
    assert (await stripe.get("/v1/refunds", payment_intent=intent["id"]))["data"] == [last, failed, refund]
    moved = [("capture", 50_000), ("refund", 20_000), ("refund", 30_000), ("refund_reversal", 30_000), ("refund", 30_000)]
    assert await stripe.moved() == moved


async def test_saved_card_is_attached_listed_charged_for_its_customer_alone_and_detached(stripe: Stripe) -> None:
    ann, bob = [(await stripe.do("/v1/customers", data={"name": name, "metadata[ref]": name}))["id"] for name in ("Ann", "Bob")]
    card = await stripe.do("/v1/payment_methods/pm_card_visa/attach", data={"customer": ann})
    charged = await stripe.charged(customer=ann, payment_method=card["id"])
    others = await stripe.charge(customer=bob, payment_method=card["id"])
    taken = await stripe.ask("POST", f"/v1/payment_methods/{card['id']}/attach", data={"customer": bob})

    assert (card["type"], card["card"]["last4"], card["customer"]) == ("card", "4242", ann)
    assert (charged["customer"], others.status_code, taken.status_code) == (ann, 400, 400)
    assert (await stripe.get(f"/v1/customers/{ann}"))["metadata"] == {"ref": "Ann"}
    for path in (f"/v1/customers/{ann}/payment_methods", f"/v1/payment_methods?customer={ann}&type=card"):
        assert (await stripe.do(path, "GET"))["data"] == [card]
    assert await stripe.get(f"/v1/customers/{ann}/payment_methods/{card['id']}") == card
    assert (await stripe.ask("GET", f"/v1/customers/{bob}/payment_methods/{card['id']}")).status_code == 404
    assert (await stripe.do(f"/v1/payment_methods/{card['id']}/detach"))["customer"] is None
    assert (await stripe.get(f"/v1/customers/{ann}/payment_methods"))["data"] == []
    assert [one["id"] for one in (await stripe.get("/v1/payment_intents", customer=ann))["data"]] == [charged["id"]]


REFUSED: Final[list[tuple[dict[str, Any], str | None, str]]] = [
    ({"amount": ""}, "parameter_missing", "amount"),
    ({"amount": "500.0"}, "parameter_invalid_integer", "amount"),
    ({"amount": "0"}, "parameter_invalid_integer", "amount"),
    ({"amount": "49"}, "amount_too_small", "amount"),
    ({"amount": "100000000"}, "amount_too_large", "amount"),
    ({"amount": "1001", "currency": "kwd"}, "parameter_invalid_integer", "amount"),
    ({"currency": "rupees"}, None, "currency"),
    ({"customer": "cus_none"}, "resource_missing", "customer"),
    ({"payment_method": "pm_none"}, "resource_missing", "payment_method"),
    ({"payment_method": ""}, None, "payment_method"),
    ({"confirm": "false"}, None, "off_session"),
    ({"colour": "red"}, "parameter_unknown", "colour"),
    ({"capture_method": "later"}, None, "capture_method"),
    ({f"metadata[{'x' * 41}]": "y"}, None, f"metadata[{'x' * 41}]"),
    ({"metadata[x]": "y" * 501}, None, "metadata[x]"),
    ({"metadata[x][y]": "z"}, None, "metadata[x]"),
]


async def test_request_that_is_not_as_documented_is_refused_by_its_parameter_and_no_key_keeps_that(stripe: Stripe) -> None:
    for number, (change, code, param) in enumerate(REFUSED):
        error = (await stripe.charge(key=f"key-{number}", **change)).json()["error"]
        assert (error["type"], error.get("code"), error["param"]) == ("invalid_request_error", code, param)
        assert (await stripe.charge(key=f"key-{number}")).status_code == 200

    assert (await stripe.get("/ledger/stats"))["counts"] == {"capture": len(REFUSED)}


async def test_key_version_and_form_are_demanded(stripe: Stripe) -> None:
    async def ask(auth: Any = None, **headers: str) -> httpx.Response:
        return await stripe.ask("GET", "/v1/payment_intents", auth=auth, headers=headers)

    assert (await ask()).json()["error"]["type"] == "invalid_request_error"
    assert [(await ask(httpx.BasicAuth(key, ""))).status_code for key in ("sk_test_wrong", "sk_test_sandbox")] == [401, 200]
    right = await ask(Authorization="Bearer sk_test_sandbox", **{"Stripe-Version": "2024-06-20"})
    assert (right.status_code, right.headers["Stripe-Version"], right.headers["Request-Id"]) == (200, "2024-06-20", like("req_"))
    assert (await ask(Authorization="Bearer sk_test_sandbox", **{"Stripe-Version": "latest"})).status_code == 400
    assert (await stripe.ask("POST", "/v1/payment_intents", json={"amount": 50_000})).status_code == 400
    missing = await stripe.ask("GET", "/v1/payment_intents/pi_none")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "resource_missing")


async def test_first_answer_to_a_key_comes_again_and_other_parameters_are_an_error(stripe: Stripe) -> None:
    first, again = await stripe.charge(key="k" * 255), await stripe.charge(key="k" * 255)
    declined, still = [await stripe.charge(50_902, key="declined") for _ in range(2)]
    other = await stripe.charge(60_000, key="k" * 255)
    endless = await stripe.charge(key="k" * 256)
    await stripe.account(clock_offset_s=86_401)
    next_day = await stripe.charge(key="k" * 255)

    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert again.headers["Original-Request"] == first.headers["Request-Id"] != again.headers["Request-Id"]
    assert (declined.status_code, still.json(), still.headers["Idempotent-Replayed"]) == (402, declined.json(), "true")
    assert (other.status_code, other.json()["error"]["type"], endless.status_code) == (400, "idempotency_error", 400)
    assert next_day.json()["id"] != first.json()["id"]
    assert await stripe.moved() == [("capture", 50_000)] * 2


async def test_two_requests_with_one_key_at_once_are_a_conflict_that_is_not_kept(stripe: Stripe) -> None:
    await stripe.faults({"action": "delay", "seconds": 0.4, "times": 1})
    slow = asyncio.create_task(stripe.charge(key="key"))
    await stripe.get("/ledger/wait")
    conflict = await stripe.charge(key="key")
    first, again = await slow, await stripe.charge(key="key")

    assert (conflict.status_code, conflict.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert conflict.headers["Stripe-Should-Retry"] == "true"
    assert again.json() == first.json()
    assert await stripe.moved() == [("capture", 50_000)]
