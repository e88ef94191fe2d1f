"""What a gateway proves heals itself, and is called what it was; what it does not know, and what we do not, becomes a case."""

from services.payments.tests.payments.arrange import have_customer, have_order, have_payment, rows
from services.payments.tests.reconciliation.arrange import AMOUNT, DAYS, Ledgers
from shared.contracts.payments import AdvanceReconciliation, ReconcilePayments
from shared.runtime.ids import uuid7

STATUSES = "SELECT id, status FROM payments"


async def test_every_status_that_nobody_told_us_is_found_applied_and_named(ledgers: Ledgers) -> None:
    captured, back = await ledgers.pay("captured"), await ledgers.pay("back")
    disputed = await ledgers.pay("disputed")
    authorized, late = await ledgers.pay("authorized", capture=False), await ledgers.pay("late", outcome="late", seconds=3000)

    first = await ledgers.compare()
    await ledgers.gateway.give_back(back.reference, 40_000)
    await ledgers.gateway.ask("POST", "/disputes", payment_id=disputed.reference)
    await ledgers.gateway.ask("POST", f"/payments/{late.reference}/bank", outcome="captured")
    second = await ledgers.compare()
    third = await ledgers.compare()

    assert first["healed"] == {"captured_unseen": 3, "status_mismatch": 2}
    assert second["healed"] == {"refund_unseen": 1, "dispute_unseen": 1, "late_auth": 1}
    assert third["healed"] == {}
    wanted = {captured.id: "captured", back.id: "partially_refunded", disputed.id: "disputed"}
    statuses = dict(await rows(ledgers.session, STATUSES))
    assert statuses == {**wanted, authorized.id: "authorized", late.id: "captured"}
    sums = await ledgers.sums()
    assert sums == {"gateway_receivable": 4 * AMOUNT - 40_000, "accounts_receivable": -(4 * AMOUNT - 40_000)}
    # None of it is settled, which it should be by now, and the dispute wants an answer; all else is right.
    assert {kind for kind, _ in await ledgers.cases()} == {"unsettled_overdue", "dispute_open"}


async def test_case_that_another_run_has_opened_since_is_not_this_ones_to_close(ledgers: Ledgers) -> None:
    ours = await ledgers.pay("ours")
    await ledgers.compare()
    await ledgers.gateway.ask("DELETE", f"/payments/{ours.reference}")
    await ledgers.compare()
    later = "UPDATE cases SET last_seen_at = last_seen_at + interval '1 year', entity_id = 'pay_unknown', fingerprint = 'other'"
    await ledgers.change(later)

    await ledgers.compare()

    assert ("missing_gateway", "pay_unknown") in await ledgers.cases()


async def test_payment_whose_order_we_never_heard_of_is_found_by_its_receipt(ledgers: Ledgers) -> None:
    receipt = uuid7()
    paid = await ledgers.pay(str(receipt))
    await ledgers.change("UPDATE payments SET gateway_order_id = NULL WHERE id = :id", id=paid.id)
    attempt = """
        INSERT INTO payment_attempts (id, payment_id, number, kind, status, amount_minor, started_at)
        VALUES (:id, :payment_id, 1, 'order', 'unknown', 100000, now())
    """
    await ledgers.change(attempt, id=receipt, payment_id=paid.id)

    counts = await ledgers.compare()

    assert counts["healed"] == {"captured_unseen": 1}
    query = "SELECT status, gateway_order_id, gateway_payment_id FROM payments"
    assert await rows(ledgers.session, query) == [("captured", paid.gateway_order, paid.reference)]


async def test_what_one_side_alone_has_is_a_case_until_the_other_has_it_too(ledgers: Ledgers) -> None:
    order = await ledgers.gateway.make_order(AMOUNT, capture=True, receipt="stranger")
    stranger = (await ledgers.gateway.ask("POST", "/checkout", order_id=order))["razorpay_payment_id"]
    ours = await ledgers.pay("ours")
    await ledgers.compare()
    await ledgers.gateway.ask("DELETE", f"/payments/{ours.reference}")

    counts = await ledgers.compare()

    assert await ledgers.cases() == {("missing_local", stranger), ("missing_gateway", ours.reference)}
    assert (counts["open"]["missing_local"], counts["open"]["missing_gateway"]) == (1, 1)

    customer = await have_customer(ledgers.session)
    await have_payment(
        ledgers.session, await have_order(ledgers.session, customer, AMOUNT), customer, amount=AMOUNT, gateway_order=order
    )
    healed = await ledgers.compare()
    assert healed["healed"] == {"captured_unseen": 1}
    assert await ledgers.cases() == {("unsettled_overdue", stranger), ("missing_gateway", ours.reference)}
    ended = "SELECT resolution FROM cases WHERE entity_id = :id AND kind = 'missing_local'"
    assert await rows(ledgers.session, ended, id=stranger) == [("settled_itself",)]


async def test_payment_of_another_amount_is_a_case_and_its_money_lies_in_suspense(ledgers: Ledgers) -> None:
    paid = await ledgers.pay(ours=AMOUNT + 500)

    counts = await ledgers.compare()
    await ledgers.settle()
    await ledgers.compare()

    assert counts["open"]["amount_mismatch"] == 1
    kept = "SELECT kind, entity_id, payment_id, amount_minor, state FROM cases WHERE kind <> 'unsettled_overdue'"
    assert await rows(ledgers.session, kept) == [("amount_mismatch", paid.reference, paid.id, 500, "open")]
    sums = await ledgers.sums()
    assert (sums["suspense"], sums.get("gateway_receivable", 0), sums["bank"]) == (-AMOUNT, 0, AMOUNT - 2_360)


async def test_refund_and_lost_dispute_are_settled_against_what_was_booked_of_them(ledgers: Ledgers) -> None:
    back, disputed = await ledgers.pay("back"), await ledgers.pay("disputed")
    await ledgers.compare()
    await ledgers.gateway.give_back(back.reference, 40_000)
    dispute = await ledgers.gateway.ask("POST", "/disputes", payment_id=disputed.reference)
    await ledgers.gateway.ask("PATCH", f"/disputes/{dispute['id']}", status="lost")
    settlement = await ledgers.settle()

    counts = await ledgers.compare()

    assert (counts["healed"], counts["open"]) == ({"refund_unseen": 1, "dispute_unseen": 1}, {})
    classes = await rows(ledgers.session, "SELECT kind, class FROM recon_items ORDER BY kind")
    assert classes == [("adjustment", "matched"), ("payment", "matched"), ("payment", "matched"), ("refund", "matched")]
    sums = await ledgers.sums()
    assert (sums["bank"], sums["dispute_losses"]) == (settlement["amount"], AMOUNT)
    assert not {"gateway_receivable", "disputes", "suspense", "refunds_payable"} & sums.keys()


async def test_thing_paid_twice_is_a_case_until_it_is_given_back(ledgers: Ledgers) -> None:
    first = await ledgers.pay("first")
    await ledgers.compare()
    # Gateways tell the second in which they captured: of two in the same one it is open which was too many.
    await ledgers.change("UPDATE gateway_payments SET captured_at = captured_at - interval '1 minute'")
    order = await ledgers.gateway.make_order(AMOUNT, capture=True, receipt="second")
    second = (await ledgers.gateway.ask("POST", "/checkout", order_id=order))["razorpay_payment_id"]
    # The same payment of ours was tried under another order of the gateway's.
    await ledgers.change("UPDATE payments SET gateway_order_id = :order WHERE id = :id", order=order, id=first.id)

    counts = await ledgers.compare()
    assert counts["open"]["duplicate_capture"] == 1
    assert ("duplicate_capture", second) in await ledgers.cases()

    await ledgers.gateway.give_back(second, AMOUNT)
    await ledgers.compare()
    assert ("duplicate_capture", second) not in await ledgers.cases()


async def test_run_that_is_asked_for_twice_begins_once_and_a_page_twice_delivered_is_read_once(ledgers: Ledgers) -> None:
    paid = await ledgers.pay()
    counts, key = await ledgers.compare(), uuid7()
    (run,) = await rows(ledgers.session, "SELECT id, step FROM recon_runs")
    state = await ledgers.state()

    asked = ReconcilePayments(days=DAYS, account="razorpay")
    for redelivered in (False, True):
        await ledgers.run_task(asked, ids=[key], redelivered=redelivered)
    runs = await rows(ledgers.session, "SELECT count(*) FROM recon_runs WHERE asked_by = :id", id=key)
    stale = await ledgers.run_task(AdvanceReconciliation(run_id=run[0], step=0))

    assert (runs, stale.outcome) == ([(1,)], "dropped")
    assert (await ledgers.state(), counts["healed"]) == (state, {"captured_unseen": 1})
    assert ("unsettled_overdue", paid.reference) in await ledgers.cases()
