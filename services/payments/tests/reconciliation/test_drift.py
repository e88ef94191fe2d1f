"""Everything that a gateway's report can be wrong about is found, and called what it is."""

from typing import Final

from services.payments.tests.reconciliation.arrange import AMOUNT, FEE, TAX, Ledgers

DRIFTS: Final = (
    *("amount", "currency", "fee", "on_hold", "utr_missing", "repeated", "duplicate_capture", "unknown_payment", "orphan_refund"),
    *("adjustment", "missing", "unsettled"),
)


async def test_wrong_report_is_taken_apart_and_the_bank_agrees_to_the_paisa(ledgers: Ledgers) -> None:
    paid = {drift: (await ledgers.pay(f"drift-{drift}")).reference for drift in (*DRIFTS, "right")}
    settlement = await ledgers.settle(**{f"drift-{drift}": drift for drift in DRIFTS})

    counts = await ledgers.compare()

    report = (await ledgers.gateway.api("/settlements/recon/combined", **_today(settlement)))["items"]
    strangers = {one["entity_id"]: one for one in report if one["entity_id"] not in paid.values()}
    of_order = {one["order_receipt"]: key for key, one in strangers.items()}
    by_type = {one["type"]: key for key, one in strangers.items()}
    (unknown,) = [key for key, one in strangers.items() if one["type"] == "payment" and not one["order_receipt"]]
    assert await ledgers.cases() == {
        ("amount_mismatch", paid["amount"]),
        ("amount_mismatch", settlement["id"]),
        ("currency_mismatch", paid["currency"]),
        ("fee_mismatch", paid["fee"]),
        ("on_hold", paid["on_hold"]),
        ("duplicate_capture", of_order["drift-duplicate_capture"]),
        ("missing_local", unknown),
        ("orphan_refund", by_type["refund"]),
        ("settled_not_posted", by_type["adjustment"]),
        ("unsettled_overdue", paid["missing"]),
        ("unsettled_overdue", paid["unsettled"]),
    }
    assert counts["healed"] == {"captured_unseen": 13, "utr_missing": 1}
    sums = await ledgers.sums()
    assert sums["bank"] == settlement["amount"]
    # Of nine payments we hold what the gateway says: their fees are booked, and what is over lies in suspense.
    assert (sums["gateway_fees"], sums["gst_input"]) == (9 * (FEE - TAX), 9 * TAX)
    assert sums["gateway_receivable"] == 4 * AMOUNT
    assert sums["accounts_receivable"] == -13 * AMOUNT

    state = await ledgers.state()
    assert (await ledgers.compare(), await ledgers.state()) == ({**counts, "healed": {}}, state)


def _today(settlement: dict[str, object]) -> dict[str, str]:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    day = datetime.fromtimestamp(int(str(settlement["created_at"])), UTC).astimezone(ZoneInfo("Asia/Kolkata"))
    return {"year": str(day.year), "month": str(day.month), "day": str(day.day), "count": "1000"}
