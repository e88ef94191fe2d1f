"""Stripe's payouts are compared as Razorpay's settlements are, as far as they can be wrong."""

from typing import Any, Final

from services.payments.tests.payments.arrange import have_customer, have_order, have_payment
from services.payments.tests.reconciliation.arrange import Ledgers

AMOUNT: Final = 50_000
FEE: Final = 1_180
DRIFTS: Final = (
    "missing",
    "unsettled",
    "amount",
    "currency",
    "fee",
    "repeated",
    "unknown_payment",
    "orphan_refund",
    "adjustment",
)
LONG: Final = 18
"""Days after which seven working days are over."""
_KEY: Final = ("sk_test_sandbox", "")


async def _charged(ledgers: Ledgers, receipt: str) -> str:
    """A payment of ours that went well at Stripe, which nobody has told us."""
    usual = {"currency": "inr", "payment_method": "pm_card_visa", "off_session": "true", "confirm": "true"}
    form = {**usual, "amount": str(AMOUNT), "metadata[receipt]": receipt}
    made = (await ledgers.gateway.http.post("/stripe/v1/payment_intents", data=form, auth=_KEY)).json()["id"]
    customer = await have_customer(ledgers.session)
    order = await have_order(ledgers.session, customer, AMOUNT)
    payment = await have_payment(ledgers.session, order, customer, amount=AMOUNT, gateway_order=made)
    await ledgers.change("UPDATE payments SET gateway = 'stripe', account = 'stripe' WHERE id = :id", id=payment.id)
    return str(made)


async def _pay_out(ledgers: Ledgers, **drifts: str) -> dict[str, Any]:
    rules = [{"match": match, "action": "drift", "drift": drift} for match, drift in drifts.items()]
    assert (await ledgers.gateway.http.put("/faults/stripe", json=rules)).status_code == 200
    answer = await ledgers.gateway.http.post("/stripe/payouts", json={})
    return dict(answer.json()["payouts"][0])


async def test_wrong_payout_is_taken_apart_and_one_without_the_banks_reference_is_not_posted(ledgers: Ledgers) -> None:
    paid = {drift: await _charged(ledgers, drift) for drift in (*DRIFTS, "right")}
    first = await ledgers.compare("stripe", LONG)
    payout = await _pay_out(ledgers, **{paid[drift]: drift for drift in DRIFTS})

    counts = await ledgers.compare("stripe", LONG)

    assert first["healed"] == {"captured_unseen": 10}
    found = await ledgers.cases()
    assert {one for one in found if one[1] in (*paid.values(), payout["id"])} == {
        ("unsettled_overdue", paid["missing"]),
        ("unsettled_overdue", paid["unsettled"]),
        ("amount_mismatch", paid["amount"]),
        ("amount_mismatch", payout["id"]),
        ("currency_mismatch", paid["currency"]),
        ("fee_mismatch", paid["fee"]),
    }
    strangers = {kind: key[:3] for kind, key in found if key not in (*paid.values(), payout["id"])}
    assert strangers == {"missing_local": "ch_", "orphan_refund": "re_", "settled_not_posted": "txn"}
    sums = await ledgers.sums()
    assert (sums["bank"], sums["gateway_fees"] + sums["gst_input"]) == (payout["amount"], 7 * FEE)
    assert counts["healed"] == {}

    untraced = await _charged(ledgers, "untraced")
    await _pay_out(ledgers, **{untraced: "utr_missing"})
    await ledgers.compare("stripe", LONG)
    assert ("utr_missing", untraced) in await ledgers.cases()
    assert (await ledgers.sums())["bank"] == payout["amount"]
