"""The customer pays at the gateway's own form; we hear of it by its webhook. Later a part of it goes back."""

from typing import Final

from deploy.local.flows.payments.ordering import TOTAL
from deploy.local.flows.payments.story import Story

BACK: Final = 125_050
"""One of the chairs was broken; in paise."""


async def pay_at_checkout(story: Story) -> None:
    """The payment has an order at the gateway, on which its form takes the customer's UPI payment."""
    begun = await story.ask("POST", "/v1/payments", {"order_id": story.things["order"]["id"]})
    story.check(
        "a payment is begun at Razorpay's stand-in", (begun["gateway"], begun["payment"]["status"]), ("razorpay", "created")
    )
    form = {"order_id": begun["gateway_order_id"], "method": "upi", "outcome": "captured"}
    paid = await story.at_gateway("POST", "/checkout", form)
    story.things["payment"] = begun["payment"]
    story.things["gateway_payment_id"] = paid["razorpay_payment_id"]
    story.counts["payments"] += 1


async def hear_of_the_capture(story: Story) -> None:
    """Nobody tells us but the webhook: the customer's page has closed without a word."""
    path = f"/v1/payments/{story.things['payment']['id']}"
    shown = await story.watch(path, lambda one: one["payment"]["status"] == "captured", "waiting for the gateway's webhook")
    payment = shown["payment"]
    found = (payment["status"], payment["captured_minor"], payment["gateway_payment_id"])
    story.check("its webhook tells of the capture", found, ("captured", TOTAL, story.things["gateway_payment_id"]), found[2])
    order = await story.read(f"/v1/orders/{story.things['order']['id']}")
    story.check("the order is paid", (order["status"], order["payment_status"], order["due_minor"]), ("paid", "paid", 0))
    story.check("the gateway has taken it once", await story.moved(story.things["gateway_payment_id"], "capture"), [TOTAL])
    story.things["payment"] = payment


async def refund_a_part(story: Story) -> None:
    """Asked for by us, carried out by the gateway."""
    path = f"/v1/payments/{story.things['payment']['id']}"
    wanted = {"amount": {"amount_minor": BACK, "currency": "INR"}, "reason": "one of the chairs was broken"}
    asked = await story.ask("POST", f"{path}/refunds", wanted)
    refund = await story.watch(
        f"/v1/refunds/{asked['id']}", lambda one: one["status"] == "processed", "waiting for the gateway to refund"
    )
    payment = (await story.read(path))["payment"]
    story.check("a part of it is refunded", (refund["status"], payment["refunded_minor"]), ("processed", BACK))
    story.check("the gateway has given it back once", await story.moved(story.things["gateway_payment_id"], "refund"), [BACK])
    story.counts["refunds"] += 1
