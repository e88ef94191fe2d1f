"""Webhooks of both gateways: how they are proved, what is in them, and how they get lost, come twice, late or in disorder."""

import hashlib
import hmac
import json
from typing import Any, Final

from deploy.sandbox.tests.gateway_arrange import NOW, Like, Razorpay, Stripe, like, told
from deploy.sandbox.tests.subscriber import Call

STORY: Final = ["payment.authorized", "payment.captured", "order.paid"]


def razorpay_proof(call: Call, secret: str) -> bool:
    """Whether a call is signed with a secret of Razorpay's."""
    return call.headers["x-razorpay-signature"] == hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()


def stripe_proofs(call: Call, *secrets: str) -> list[bool]:
    """Which of the secrets have signed a call of Stripe's."""
    parts = [part.split("=", 1) for part in call.headers["stripe-signature"].split(",")]
    at, given = parts[0][1], [value for name, value in parts if name == "v1"]
    signed = f"{at}.".encode() + call.body
    return [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() in given for secret in secrets]


async def test_event_of_razorpay_is_signed_over_its_raw_body_and_is_a_snapshot_of_its_moment(razorpay: Razorpay) -> None:
    async with razorpay.listening() as listener:
        order = await razorpay.order(payment_capture=True)
        payment_id = await razorpay.pay(order)
        calls = await listener.arrived(3)
    authorised, captured, paid = told(calls)

    assert all(razorpay_proof(call, "sandbox") for call in calls)
    assert len({call.headers["x-razorpay-event-id"] for call in calls}) == 3
    assert {(call.path, call.headers["content-type"]) for call in calls} == {("/webhooks/razorpay", "application/json")}
    assert [event["event"] for event in (authorised, captured, paid)] == STORY
    assert (authorised["payload"]["payment"]["entity"]["status"], paid["contains"]) == ("authorized", ["payment", "order"])
    assert captured == {
        "entity": "event",
        "account_id": like("acc_"),
        "event": "payment.captured",
        "contains": ["payment"],
        "payload": {"payment": {"entity": await razorpay.payment(payment_id)}},
        "created_at": NOW,
    }
    assert paid["payload"]["order"]["entity"] == await razorpay.get(f"/v1/orders/{order['id']}")


async def test_event_that_is_not_taken_comes_again_the_same_until_the_webhook_is_switched_off(razorpay: Razorpay) -> None:
    async with razorpay.listening(webhook_events=["payment.failed"], retry_after_s=[0.02, 0.02]) as listener:
        listener.statuses = [500, 302]
        await razorpay.failed(await razorpay.order(), outcome="payment_failed")
        calls = await listener.arrived(3)
        assert len({(call.headers["x-razorpay-event-id"], call.body) for call in calls}) == 1
        listener.statuses = [500, 500, 500]
        await razorpay.failed(await razorpay.order(), outcome="payment_failed")
        await listener.arrived(6)
        switched_off = await razorpay.until("/account", webhook_enabled=False)
        await razorpay.failed(await razorpay.order(), outcome="payment_failed")
        await razorpay.account(webhook_enabled=True)
        await razorpay.failed(await razorpay.order(), outcome="card_expired")
        last = told(await listener.arrived(7))[-1]

    assert switched_off["webhook_url"].startswith("http://127.0.0.1:")
    assert last["payload"]["payment"]["entity"]["error_reason"] == "card_expired"


async def test_repeats_keep_the_secret_of_their_time_and_new_events_have_the_new_one(razorpay: Razorpay) -> None:
    async with razorpay.listening(webhook_events=["payment.failed"], retry_after_s=[0.3]) as listener:
        listener.statuses = [503]
        await razorpay.failed(await razorpay.order(), outcome="payment_failed")
        await listener.arrived(1)
        await razorpay.account(webhook_secrets=["new"])
        await razorpay.failed(await razorpay.order(), outcome="payment_failed")
        first, second, repeat = await listener.arrived(3)

    assert [razorpay_proof(call, "sandbox") for call in (first, second, repeat)] == [True, False, True]
    assert (razorpay_proof(second, "new"), repeat.body) == (True, first.body)


async def test_events_come_twice_late_in_disorder_not_at_all_or_forged_as_rules_say(razorpay: Razorpay) -> None:
    async def arriving(count: int, *rules: dict[str, Any], receipt: str) -> list[Call]:
        await razorpay.faults(*({"action": "webhook", "match": receipt, **rule} for rule in rules))
        async with razorpay.listening() as listener:
            await razorpay.captured(receipt=receipt)
            return await listener.arrived(count)

    repeated = await arriving(
        7, {"operation": "payment.captured", "repeat": 3}, {"operation": "order.*", "repeat": 3}, receipt="r"
    )
    reordered = told(await arriving(3, {"operation": "*", "reorder": True}, receipt="o"))
    late = told(await arriving(3, {"operation": "payment.authorized", "seconds": 0.2}, receipt="l"))
    lost = told(await arriving(2, {"operation": "payment.captured", "lost": True}, receipt="m"))
    forged = await arriving(3, {"operation": "order.paid", "forged": True}, receipt="f")

    names = [event["event"] for event in told(repeated)]
    assert [names.count(name) for name in STORY] == [1, 3, 3]
    assert len({call.headers["x-razorpay-event-id"] for call in repeated}) == 3
    assert [event["event"] for event in reordered] == STORY[::-1]
    assert late[-1]["event"] == "payment.authorized"
    assert [event["event"] for event in lost] == ["payment.authorized", "order.paid"]
    assert [razorpay_proof(call, "sandbox") for call in forged] == [True, True, False]


async def test_events_about_what_is_not_kept_are_sent_on_demand_and_only_documented_ones(razorpay: Razorpay) -> None:
    nobody = await razorpay.ask("POST", "/events", json={"event": "subscription.charged"})
    async with razorpay.listening() as listener:
        for name in ("subscription.charged", "invoice.expired", "payment_link.paid"):
            await razorpay.do("/events", json={"event": name})
        entities = {"payment": {"id": "pay_Unknown0000000", "status": "captured"}}
        await razorpay.do("/events", json={"event": "payment.captured", "entities": entities, "forged": True})
        calls = await listener.arrived(4)
        unknown = await razorpay.ask("POST", "/events", json={"event": "payment.vanished"})

    assert sorted(event["event"] for event in told(calls)) == [
        "invoice.expired",
        "payment.captured",
        "payment_link.paid",
        "subscription.charged",
    ]
    by_name = dict(zip((event["event"] for event in told(calls)), calls, strict=True))
    assert json.loads(by_name["payment.captured"].body)["payload"]["payment"]["entity"] == entities["payment"]
    assert [name for name, call in by_name.items() if not razorpay_proof(call, "sandbox")] == ["payment.captured"]
    assert (nobody.status_code, unknown.status_code) == (409, 400)


async def test_event_of_stripe_is_signed_with_its_time_by_every_secret_that_is_valid(stripe: Stripe) -> None:
    async with stripe.listening(webhook_secrets=["whsec_new", "whsec_old"]) as listener:
        intent = await stripe.charged(key="key-1")
        calls = await listener.arrived(3)

    assert all(stripe_proofs(call, "whsec_new", "whsec_old", "whsec_other") == [True, True, False] for call in calls)
    assert {event["type"] for event in told(calls)} == {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}
    succeeded = next(event for event in told(calls) if event["type"] == "payment_intent.succeeded")
    assert succeeded == {
        "id": like("evt_", 24),
        "object": "event",
        "api_version": Like(r"\d{4}-\d\d-\d\d\.[a-z]+"),
        "created": NOW,
        "data": {"object": intent},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": like("req_"), "idempotency_key": "key-1"},
        "type": "payment_intent.succeeded",
    }
    assert await stripe.get(f"/v1/events/{succeeded['id']}") == succeeded


async def test_events_of_stripe_come_twice_and_in_disorder_as_well_and_are_listed(stripe: Stripe) -> None:
    await stripe.faults({"action": "webhook", "operation": "*", "repeat": 2, "reorder": True})
    async with stripe.listening(webhook_events=["payment_intent.*"]) as listener:
        await stripe.charged()
        await stripe.do("/events", json={"type": "charge.refunded", "object": {"id": "ch_1"}, "forged": True})
        calls = await listener.arrived(5)

    kinds = [event["type"] for event in told(calls)]
    assert [kinds.count(f"payment_intent.{one}") for one in ("created", "succeeded")] == [2, 2]
    assert kinds.index("payment_intent.succeeded") < kinds.index("payment_intent.created")
    forged = calls[kinds.index("charge.refunded")]
    assert stripe_proofs(forged, "whsec_sandbox") == [False]
    listed = (await stripe.get("/v1/events", type="payment_intent.succeeded"))["data"]
    assert [one["type"] for one in listed] == ["payment_intent.succeeded"]
