"""Cases of runs end by themselves once they are right, and open again when they are not."""

from services.payments.tests.payments.arrange import rows
from services.payments.tests.reconciliation.arrange import Ledgers

RESOLVE = """
    UPDATE cases SET state = 'resolved', resolution = :how, resolved_at = now(), changed_by = 'user:ann', version = version + 1
     WHERE kind = :kind
"""
STATES = "SELECT kind, state, resolution FROM cases ORDER BY kind"


async def test_fixed_case_opens_again_an_accepted_one_only_when_its_amounts_change(ledgers: Ledgers) -> None:
    await ledgers.pay("drift-fee")
    await ledgers.pay("drift-amount")
    await ledgers.settle(**{"drift-fee": "fee", "drift-amount": "amount"})
    await ledgers.compare()

    await ledgers.change(RESOLVE, kind="fee_mismatch", how="accepted")
    await ledgers.change(RESOLVE, kind="amount_mismatch", how="fixed")
    await ledgers.compare()
    assert await rows(ledgers.session, STATES) == [("amount_mismatch", "open", None), ("fee_mismatch", "resolved", "accepted")]

    # Another fee had been told: it is not what was accepted any more.
    await ledgers.change("UPDATE gateway_payments SET fee_minor = 2300")
    await ledgers.compare()
    assert [row[1] for row in await rows(ledgers.session, STATES) if row[0] == "fee_mismatch"] == ["open"]
    history = (
        "SELECT action FROM case_changes JOIN cases ON cases.id = case_id WHERE kind = 'fee_mismatch' ORDER BY case_changes.id"
    )
    assert [row[0] for row in await rows(ledgers.session, history)] == ["opened", "resolved", "reopened"]


async def test_item_on_hold_is_a_case_until_it_is_settled_and_then_posted(ledgers: Ledgers) -> None:
    await ledgers.pay("held")
    right = await ledgers.pay("right")
    await ledgers.settle(held="on_hold")
    await ledgers.compare()
    assert {kind for kind, _ in await ledgers.cases()} == {"on_hold"}
    assert (await ledgers.sums())["bank"] == 97_640

    # The next report has both in a settlement: what was on hold, and a second time what was right.
    held = "SELECT * FROM recon_items WHERE on_hold"
    ((*_,),) = await rows(ledgers.session, held)
    settled = """
        INSERT INTO recon_items (id, run_id, gateway, account, entity_id, kind, settlement_id, day, amount_minor, currency,
                                 credit_minor, debit_minor, fee_minor, tax_minor, on_hold, settled, utr, payment_ref, order_ref,
                                 created_at, settled_at, first_seen_at)
        SELECT uuidv7(), run_id, gateway, account, entity_id, kind, 'setl_later', day, amount_minor, currency, credit_minor,
               debit_minor, fee_minor, tax_minor, false, true, 'UTR-LATER', payment_ref, order_ref, created_at, created_at,
               first_seen_at + interval '1 minute'
          FROM recon_items
    """
    await ledgers.change(settled)
    await ledgers.compare()

    assert await ledgers.cases() == {("settled_not_posted", right.reference)}
    sums = await ledgers.sums()
    assert (sums["bank"], sums["suspense"], sums.get("gateway_receivable", 0)) == (3 * 97_640, -97_640, 0)


async def test_dispute_in_another_currency_is_a_case_until_a_person_accepts_it(ledgers: Ledgers) -> None:
    paid = await ledgers.pay("paid")
    await ledgers.gateway.ask("POST", "/disputes", payment_id=paid.reference)
    await ledgers.compare()
    ((dispute_id,),) = await rows(ledgers.session, "UPDATE disputes SET currency = 'USD' RETURNING gateway_dispute_id")
    for _ in range(2):
        await ledgers.compare()
    found = await ledgers.cases()

    await ledgers.change(RESOLVE, kind="currency_mismatch", how="accepted")
    await ledgers.compare()

    assert ("currency_mismatch", dispute_id) in found
    assert ("currency_mismatch", dispute_id) not in await ledgers.cases()


async def test_what_was_settled_of_a_dispute_in_another_currency_is_not_taken_from_what_the_gateway_owes(
    ledgers: Ledgers,
) -> None:
    paid = await ledgers.pay("paid")
    dispute_id = (await ledgers.gateway.ask("POST", "/disputes", payment_id=paid.reference))["id"]
    await ledgers.gateway.ask("PATCH", f"/disputes/{dispute_id}", status="lost")
    await ledgers.settle()
    await ledgers.change("UPDATE payments SET currency = 'USD'")

    await ledgers.compare()

    item = "SELECT class, books_minor FROM recon_items WHERE dispute_ref IS NOT NULL"
    assert await rows(ledgers.session, item) == [("currency_mismatch", 0)]
