"""The stand-in of Stripe: payouts, what is in them, how that can be wrong, and disputes."""

from typing import Any, Final

from deploy.sandbox.tests.gateway_arrange import NOW, Stripe, like, told

DRIFTS: Final[dict[str, list[dict[str, Any]]]] = {
    "missing": [],
    "unsettled": [],
    "amount": [{"amount": 50_100, "net": 48_920, "type": "charge"}],
    "currency": [{"currency": "usd", "amount": 50_000}],
    "fee": [{"fee": 1_280, "net": 48_720}],
    "repeated": [{"type": "charge", "net": 48_820}] * 2,
    "unknown_payment": [{"net": 48_820}, {"net": 48_820, "source": like("ch_", 24)}],
    "orphan_refund": [{"net": 48_820}, {"net": -50_000, "type": "refund", "source": like("re_", 24)}],
    "adjustment": [{"net": 48_820}, {"net": 100, "type": "adjustment", "source": None}],
}


async def paid_out(stripe: Stripe, **asked: Any) -> dict[str, Any]:
    """A payout of what there is in rupees."""
    return dict((await stripe.do("/payouts", json=asked))["payouts"][0])


async def test_payout_is_the_sum_of_its_transactions_and_told_of(stripe: Stripe) -> None:
    intent = await stripe.charged()
    await stripe.refund(intent["id"], amount="10000")
    async with stripe.listening(webhook_events=["payout.paid"]) as listener:
        payout = await paid_out(stripe)
        (event,) = told(await listener.arrived(1))
    lines = (await stripe.get("/v1/balance_transactions", payout=payout["id"], **{"expand[]": "data.source"}))["data"]

    assert (payout["amount"], payout["status"], payout["trace_id"]) == (
        38_820,
        "paid",
        {"status": "supported", "value": like("", 16)},
    )
    assert event["data"]["object"] == payout == await stripe.get(f"/v1/payouts/{payout['id']}")
    assert sorted((line["type"], line["net"]) for line in lines) == [("charge", 48_820), ("payout", -38_820), ("refund", -10_000)]
    (charge,) = [line for line in lines if line["type"] == "charge"]
    assert (charge["source"]["payment_intent"], charge["source"]["metadata"]) == (intent["id"], {"receipt": "attempt-1"})
    assert {name: charge[name] for name in ("amount", "fee", "net", "currency", "created", "status")} == {
        "amount": 50_000,
        "fee": 1_180,
        "net": 48_820,
        "currency": "inr",
        "created": NOW,
        "status": "available",
    }
    day = payout["arrival_date"]
    found = await stripe.get("/v1/payouts", **{"arrival_date[gte]": day, "arrival_date[lt]": day + 1})
    assert found["data"] == [payout]
    assert (await stripe.ask("POST", "/payouts", json={})).status_code == 400


async def test_payout_is_wrong_as_the_rules_of_drift_say_and_the_charges_are_not(stripe: Stripe) -> None:
    intents = {drift: await stripe.charged(receipt=drift) for drift in DRIFTS}
    await stripe.faults(*({"match": intents[drift]["id"], "action": "drift", "drift": drift} for drift in DRIFTS))
    payouts = (await stripe.do("/payouts", json={}))["payouts"]
    lines = []
    for payout in payouts:
        found = (await stripe.get("/v1/balance_transactions", payout=payout["id"], limit=100))["data"]
        assert payout["amount"] == sum(line["net"] for line in found if line["type"] != "payout")
        lines += [line for line in found if line["type"] != "payout"]

    wanted = [expected for drift in DRIFTS.values() for expected in drift]
    assert len(lines) == len(wanted)
    for expected in wanted:
        assert any({name: line[name] for name in expected} == expected for line in lines), expected
    assert {(await stripe.intent(one["id"]))["status"] for one in intents.values()} == {"succeeded"}
    await stripe.faults({"action": "drift", "drift": "utr_missing"})
    await stripe.charged(receipt="untraced")
    assert (await paid_out(stripe))["trace_id"] == {"status": "pending", "value": None}


async def test_dispute_takes_its_money_at_once_and_gives_it_back_when_it_is_won(stripe: Stripe) -> None:
    async with stripe.listening(webhook_events=["charge.dispute.*"]) as listener:
        disputed = [await stripe.charged(payment_method="pm_card_createDispute", receipt=end) for end in ("won", "lost")]
        await listener.arrived(4)
        for intent, end in zip(disputed, ("won", "lost"), strict=True):
            (dispute,) = (await stripe.get("/v1/disputes", payment_intent=intent["id"]))["data"]
            assert (dispute["charge"], dispute["status"], dispute["amount"]) == (
                intent["latest_charge"],
                "needs_response",
                50_000,
            )
            ended = await stripe.do(f"/disputes/{dispute['id']}", "PATCH", json={"status": end})
            assert [line["net"] for line in ended["balance_transactions"]] == ([-50_000, 50_000] if end == "won" else [-50_000])
        kinds = [event["type"].removeprefix("charge.dispute.") for event in told(await listener.arrived(7))]

    assert sorted(kinds) == sorted([*["created", "funds_withdrawn", "closed"] * 2, "funds_reinstated"])
    assert [move for move in await stripe.moved() if move[0] != "capture"] == [("dispute_loss", 50_000)]
