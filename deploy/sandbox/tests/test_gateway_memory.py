"""What gateways keep: over a restart, beside an older ledger, after nonsense, and for whoever compares books with theirs."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from deploy.sandbox.tests.conftest import Harness, harness
from deploy.sandbox.tests.gateway_arrange import KEY_ID, Razorpay, Stripe, razorpay_of, stripe_of, told
from deploy.sandbox.tests.subscriber import subscriber
from deploy.sandbox.transaction import open_database


async def test_payments_late_authorisations_and_events_on_their_way_survive_a_restart(tmp_path: Path) -> None:
    async with subscriber() as listener:
        settings: dict[str, Any] = {"data": tmp_path, "razorpay_webhook_url": f"{listener.url}/webhooks/razorpay"}
        async with harness(**settings) as first:
            razorpay = razorpay_of(first.http)
            await razorpay.faults({"action": "webhook", "operation": "order.paid", "seconds": 0.3})
            paid = await razorpay.captured()
            late = await razorpay.failed(await razorpay.order(receipt="late"), outcome="late", seconds=0.3)
            await listener.arrived(3)
        async with harness(**settings) as second:
            razorpay = razorpay_of(second.http)
            assert (await razorpay.payment(paid))["status"] == "captured"
            await razorpay.until(f"/v1/payments/{late['metadata']['payment_id']}", status="authorized")
            events = [event["event"] for event in told(await listener.arrived(5))]
            assert (await razorpay.get("/v1/orders", receipt="late"))["count"] == 1
            assert await razorpay.moved() == [("capture", 50_000)]

    assert sorted(events[3:]) == ["order.paid", "payment.authorized"]


def test_ledger_of_an_earlier_version_gets_the_tables_that_it_lacks(tmp_path: Path) -> None:
    old = open_database(tmp_path)
    for table in ("objects", "object_keys"):
        old.execute(f"DROP TABLE {table}")
    old.execute("PRAGMA user_version = 1")
    old.close()

    new = open_database(tmp_path)
    found = (new.execute("PRAGMA user_version").fetchone()[0], new.execute("SELECT count(*) FROM objects").fetchone()[0])
    new.close()
    assert found == (2, 0)


async def test_ledger_of_what_was_done_is_summed_up_by_receipt_and_by_note(razorpay: Razorpay) -> None:
    for receipt, order in (("a-1", "O-1"), ("a-2", "O-1"), ("a-3", "O-2")):
        await razorpay.captured(receipt=receipt, notes={"order": order})
    payment_id = await razorpay.captured(receipt="a-4")
    await razorpay.refund(payment_id, amount=100)

    by_receipt, by_order = await razorpay.get("/ledger/stats"), await razorpay.get("/ledger/stats", by="notes.order")
    assert by_receipt == {
        "counts": {"capture": 4, "refund": 1},
        "sums": {"INR": {"capture_minor": 200_000, "refund_minor": 100}},
        "captured": 4,
        "without_value": 0,
        "repeated": [],
    }
    assert (by_order["captured"], by_order["without_value"]) == (2, 1)
    assert by_order["repeated"] == [{"value": "O-1", "count": 2}]
    (one,) = (await razorpay.get("/ledger", reference="a-2"))["items"]
    assert (one["kind"], one["amount"], one["currency"], one["notes"]) == ("capture", 50_000, "INR", {"order": "O-1"})
    assert await razorpay.get("/ledger/wait", kind="capture", count=5, timeout=0) == {"reached": False, "count": 4}


async def test_payments_of_both_gateways_are_listed_found_and_shown_to_people(sandbox: Harness) -> None:
    razorpay = razorpay_of(sandbox.http)
    payment_id = await razorpay.captured(receipt="a-1")
    refund = (await razorpay.refund(payment_id, amount=100)).json()
    await razorpay.account(clock_offset_s=60)
    await razorpay.failed(await razorpay.order(receipt="a-2"), outcome="card_expired")
    stripe = stripe_of(sandbox.http)
    await stripe.account(clock_offset_s=120)
    await stripe.charge(payment_method="pm_card_chargeDeclined", receipt="a-3")

    listed = await sandbox.get("/payments")
    shown = [(one["gateway"], one["status"], one["declined"], one["reference"]) for one in listed["items"]]
    assert shown == [
        ("stripe", "requires_payment_method", "generic_decline", "a-3"),
        ("razorpay", "failed", "card_expired", "a-2"),
        ("razorpay", "captured", None, "a-1"),
    ]
    second = await sandbox.get("/payments", limit=1, cursor=1)
    assert (second["items"], second["next_cursor"]) == (listed["items"][1:2], 2)
    assert [one["reference"] for one in (await sandbox.get("/payments", search="EXPIRED"))["items"]] == ["a-2"]
    assert [(await sandbox.get("/payments/count", search=word))["count"] for word in ("", "A-3", "nowhere")] == [3, 1, 0]
    detail = await sandbox.get(f"/payments/razorpay/{payment_id}")
    assert (detail["amount_minor"], detail["currency"], detail["refunds"]) == (50_000, "INR", [refund])
    assert detail["document"] == (await sandbox.http.get(f"/razorpay/v1/payments/{payment_id}", auth=(KEY_ID, "sandbox"))).json()
    assert (await sandbox.http.get("/payments/stripe/pi_none")).json()["code"] == "payment_not_found"


NONSENSE: Final[tuple[Any, ...]] = (None, [{"a": 1}], {"a": []}, -1, 10**30, 0.5, "\ud800", "\x00" * 300)


def spoilt(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with each of its fields in the place of which nonsense stands."""
    for name, right in body.items():
        yield from ({**body, name: value} for value in NONSENSE)
        if isinstance(right, dict):
            yield from ({**body, name: inner} for inner in spoilt(right))


async def test_nonsense_never_breaks_razorpay_nor_takes_others_along(razorpay: Razorpay) -> None:
    customer_id = await razorpay.customer()
    token = await razorpay.do("/tokens", json={"customer_id": customer_id, "max_amount": 10**6})
    payment_id = await razorpay.captured()
    order = {"amount": 100, "currency": "INR", "receipt": "r", "notes": {"a": "b"}, "payment": {"capture": "manual"}}
    notification = {"token_id": token["id"], "payment_after": int(time.time())}
    mandate = {"max_amount": 100, "frequency": "monthly", "expire_at": 1}
    charge = {"email": "a@b.c", "contact": "+91", "amount": 100, "currency": "INR", "order_id": "order_x", "recurring": True}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/v1/orders", {**order, "customer_id": customer_id, "partial_payment": True, "notification": notification}),
        ("/v1/orders", {**order, "token": mandate, "payment_capture": 1}),
        ("/v1/customers", {"name": "A", "email": "a@b.c", "contact": "+91", "notes": {"a": "b"}, "fail_existing": 0}),
        (f"/v1/payments/{payment_id}/capture", {"amount": 100, "currency": "INR"}),
        (f"/v1/payments/{payment_id}/refund", {"amount": 1, "speed": "normal", "receipt": "r", "notes": {}}),
        ("/v1/payments/create/recurring", {**charge, "customer_id": customer_id, "token": token["id"], "notes": {}}),
    ]
    for path, body in bodies:
        for wrong in spoilt(body):
            answer = await razorpay.ask("POST", path, content=json.dumps(wrong))
            assert answer.status_code in (200, 400), (path, wrong, answer.text)
    assert (await razorpay.ask("POST", "/v1/orders", content="[1]")).status_code == 400
    assert (await razorpay.order(receipt="after"))["receipt"] == "after"


FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_nonsense_never_breaks_stripe(stripe: Stripe) -> None:
    forms = [
        "metadata=x",
        "metadata[a][b]=c&metadata[a]=d",
        "amount[]=1&amount[x]=2",
        "=",
        "a[=1",
        "expand=x",
        "expand[]=a.b.c.d.e",
        "expand[]=amount",
        "customer[x]=1",
        "payment_method[]=1",
        "off_session=maybe",
        "%ff=1",
        "&&",
        "metadata[%00]=%ff",
    ]
    for form in forms:
        for path in ("/v1/payment_intents", "/v1/refunds", "/v1/customers", "/v1/payment_methods/pm_card_visa/attach"):
            content = f"amount=50000&currency=inr&{form}"
            answer = await stripe.ask("POST", path, content=content, headers=FORM)
            assert answer.status_code in (200, 400, 404), (path, form, answer.text)
        assert (await stripe.ask("GET", f"/v1/payment_intents?{form}")).status_code in (200, 400), form
    assert (await stripe.charged())["status"] == "succeeded"
