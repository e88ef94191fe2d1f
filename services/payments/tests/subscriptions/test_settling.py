"""What changes have left open when a subscription is over: it is billed or given back, once."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.payments import invoice_deps
from services.payments.tests.credits.arrange import have_credit
from services.payments.tests.payments.arrange import CHECK, balances
from services.payments.tests.subscriptions.arrange import PRO, Office, at, have_method, key, rows
from shared.contracts.payments import GenerateInvoice, ProcessDunning, ProcessPayment, SettleSubscription, SubscriptionRenewed
from shared.testing.messages import assert_nothing_published, published

MARCH = date(2026, 3, 2)
OPEN = "SELECT DISTINCT open_minor FROM subscription_adjustments"
INVOICES = "SELECT total_minor, balance_minor FROM invoices ORDER BY issued_at, id"
CREDIT = "SELECT kind, amount_minor FROM customer_credits"
NOTES = "SELECT reason, taxable_minor, total_minor FROM credit_notes"
GOLD = {"code": "gold", "charge": {"sac": "998439", "unit_price_minor": 300_000, "tax_rate_bp": 1800}}


async def _running(office: Office, **fields: Any) -> dict[str, Any]:
    """One whose period of March is paid."""
    one = await office.subscribe(await office.plan(PRO, max_quantity=9), **fields)
    await office.bill()
    ((payment, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await office.captured(payment, total)
    return one


async def _invoice(office: Office, one: dict[str, Any]) -> None:
    message = GenerateInvoice(subscription_id=UUID(one["id"]), period_start=MARCH)
    assert (await office.run_task(message, occurred_at=office.clock())).outcome == "done"


async def _settle(office: Office) -> list[str]:
    """Do twice what was asked for; says how that went."""
    (asked,) = await published(office.session, SettleSubscription)
    outcomes = [(await office.run_task(asked, occurred_at=office.clock())).outcome for _ in range(2)]
    await office.session.execute(CHECK)
    return outcomes


async def test_what_an_upgrade_made_due_is_billed_by_a_last_invoice_twice_run(office: Office) -> None:
    one = await _running(office)
    await _invoice(office, one)
    office.clock.set(at(2026, 3, 12, 9))
    await office.act(one, "change", plan_id=str(await office.plan(PRO | GOLD)))
    await office.act(one, "cancel", at="period_end")
    await assert_nothing_published(office.session, SettleSubscription)

    await office.bill(at(2026, 4, 2))
    await office.bill(at(2026, 4, 3))

    assert await _settle(office) == ["done", "done"]
    # 21 of 31 days: 2,032.26 - 677.42 = 1,354.84, with 18 % of tax 1,598.71, rounded to the rupee.
    assert await rows(office.session, INVOICES) == [(118_000, 0), (159_900, 159_900)]
    assert await rows(office.session, "SELECT supplied_from, supplied_to FROM invoices ORDER BY id DESC LIMIT 1") == [
        (MARCH, date(2026, 4, 1))
    ]
    assert await rows(office.session, OPEN) == [(0,)]
    assert await rows(office.session, CREDIT) == []


@pytest.mark.parametrize("when", ["now", "period_end"])
async def test_what_was_paid_and_not_used_is_the_customers_credit_and_is_not_refunded_as_well_twice_run(
    office: Office, when: str
) -> None:
    one = await _running(office, quantity=9)
    office.clock.set(at(2026, 3, 3, 9))
    await office.act(one, "change", quantity=1)
    await office.act(one, "cancel", at=when)
    await office.bill(at(2026, 4, 2))

    early = await _settle(office)
    await _invoice(office, one)
    assert (early, await _settle(office)) == (["retry", "retry"], ["done", "done"])

    # 8,709.68 of 9,000.00 are for the 30 days that were left, 967.74 are due for one; with twice 9 % of tax.
    unused, paid = 913_548, 1_062_000
    assert await rows(office.session, NOTES) == [("price_change", 774_194, unused)]
    assert await rows(office.session, CREDIT) == [("grant", unused)]
    assert await rows(office.session, INVOICES) == [(paid, 0)]
    assert await rows(office.session, OPEN) == [(0,)]
    assert (await balances(office.session))["customer_credit"] == -unused
    assert (await balances(office.session)).get("accounts_receivable", 0) == 0
    ((payment,),) = await rows(office.session, "SELECT id FROM payments")
    body = {"reason": "all of it", "amount": {"amount_minor": paid, "currency": "INR"}}
    refused = await office.api.post(f"/v1/payments/{payment}/refunds", json=body, headers=key())
    assert (refused.status_code, refused.json()["refundable_minor"]) == (409, unused)


async def test_what_was_refunded_before_is_not_given_back_again(office: Office) -> None:
    one = await _running(office, quantity=9)
    await _invoice(office, one)
    office.clock.set(at(2026, 3, 3, 9))
    await office.act(one, "change", quantity=1)
    ((payment,),) = await rows(office.session, "SELECT id FROM payments")
    headers = {"Idempotency-Key": str(uuid4())}
    refund = await office.ok("POST", f"/v1/payments/{payment}/refunds", json={"reason": "late"}, headers=headers)
    await office.refunded(UUID(refund["id"]), refund["amount_minor"])
    await office.act(one, "cancel", at="now")

    assert await _settle(office) == ["done", "done"]
    assert await rows(office.session, NOTES) == [("refunded", 900_000, 1_062_000)]
    assert await rows(office.session, CREDIT) == []


async def test_what_a_cancellation_has_given_up_is_not_billed(office: Office) -> None:
    one = await _running(office)
    await _invoice(office, one)
    office.clock.set(at(2026, 3, 12, 9))
    await office.act(one, "change", quantity=5)
    await office.act(one, "cancel", at="now")

    assert await _settle(office) == ["done", "done"]
    assert await rows(office.session, INVOICES) == [(118_000, 0)]
    assert await rows(office.session, CREDIT) == []
    assert await rows(office.session, OPEN) == [(0,)]


async def test_one_that_goes_on_keeps_what_is_open_for_its_next_period(office: Office) -> None:
    one = await _running(office)
    await _invoice(office, one)
    office.clock.set(at(2026, 3, 12, 9))
    await office.act(one, "change", quantity=5)

    asked = SettleSubscription(subscription_id=UUID(one["id"]))
    assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"
    await office.bill(at(2026, 4, 2))

    assert await rows(office.session, INVOICES) == [(118_000, 0)]
    # Four more for 21 of 31 days, 2,709.68, and five for April; with 18 % of tax, rounded to the rupee.
    assert [total for *_, total in await office.periods(one)] == [118_000, 909_700]


async def test_credit_that_an_unpaid_period_has_taken_is_given_back_once_it_comes_to_nothing_twice_run(office: Office) -> None:
    one = await _running(office, quantity=9)
    await _invoice(office, one)
    office.clock.set(at(2026, 3, 25, 9))
    await office.act(one, "change", quantity=8)
    await office.bill(at(2026, 4, 2))
    ((payment, total),) = await rows(
        office.session, "SELECT payment_id, total_minor FROM subscription_periods WHERE status = 'open'"
    )
    await office.declined(payment, 1, "later", office.clock())
    assert await rows(office.session, OPEN) == [(0,)]

    await office.act(one, "cancel", at="now")

    # 8 of 31 days of one piece, 258.06, with 18 % of tax 304.52; April was billed for as much less.
    assert total == 913_500
    assert await rows(office.session, "SELECT sum(open_minor) FROM subscription_adjustments") == [(-25_806,)]
    assert await _settle(office) == ["done", "done"]
    assert await rows(office.session, CREDIT) == [("grant", 30_452)]
    assert await rows(office.session, OPEN) == [(0,)]


async def test_one_that_is_started_anew_has_its_credit_in_its_next_period_and_what_it_owed_is_forgotten(office: Office) -> None:
    one = await _running(office, quantity=9)
    office.clock.set(at(2026, 3, 25, 9))
    await office.act(one, "change", quantity=8)
    await office.bill(at(2026, 4, 2))
    ((payment,),) = await rows(office.session, "SELECT payment_id FROM subscription_periods WHERE status = 'open'")
    await office.declined(payment, 1, "ask_customer", office.clock())
    slot = at(2026, 4, 20)
    assert (await office.run_task(ProcessDunning(slot=slot), occurred_at=slot)).outcome == "done"

    assert (await office.act(one, "start-anew")).is_success
    await office.bill(at(2026, 5, 2))

    assert [(status, total) for _, _, status, total in await office.periods(one)] == [
        ("paid", 1_062_000),
        ("void", 913_500),
        ("open", 913_500),
    ]


@pytest.mark.parametrize("by_hand", [False, True])
async def test_credit_that_an_invoice_has_taken_up_is_credit_again_once_nothing_is_owed_twice_run(
    office: Office, by_hand: bool
) -> None:
    one = await office.subscribe(await office.plan(), method=False)
    await office.bill()
    await _invoice(office, one)
    await have_credit(office.session, UUID(one["customer_id"]), 40_000)
    ((invoice,),) = await rows(office.session, "SELECT id FROM invoices")
    use = f"/v1/customers/{one['customer_id']}/credit/use"
    await office.ok("POST", use, json={"invoice_id": str(invoice)}, headers=key())
    assert await rows(office.session, INVOICES) == [(118_000, 78_000)]

    if by_hand:
        body = {"reason": "other", "note": "a courtesy"}
        await office.ok("POST", f"/v1/invoices/{invoice}/credit-notes", json=body, headers=key())
    await office.act(one, "cancel", at="now")

    assert await _settle(office) == ["done", "done"]
    assert await rows(office.session, INVOICES) == [(118_000, 0)]
    assert await rows(office.session, "SELECT total_minor FROM credit_notes") == [(118_000,)]
    assert await rows(office.session, "SELECT kind, amount_minor, source FROM customer_credits ORDER BY id") == [
        ("grant", 40_000, "payment"),
        ("apply", -40_000, "use"),
        ("grant", 40_000, "invoice_credit"),
    ]
    held = await balances(office.session)
    assert (held.get("accounts_receivable", 0), held.get("customer_credit", 0)) == (0, 0)


async def test_what_was_paid_in_part_of_a_period_that_comes_to_nothing_is_the_customers_credit(office: Office) -> None:
    one = await office.subscribe(await office.plan(), method=False)
    await office.bill()
    await _invoice(office, one)
    ((invoice,),) = await rows(office.session, "SELECT id FROM invoices")
    await invoice_deps.invoice_payments(office.session).apply(invoice, 50_000, uuid4(), office.clock())

    await office.act(one, "cancel", at="now")

    assert await _settle(office) == ["done", "done"]
    assert await rows(office.session, CREDIT) == [("grant", 50_000)]
    assert await rows(office.session, INVOICES) == [(118_000, 0)]


async def _owes(office: Office, **method: Any) -> dict[str, Any]:
    """One that is over and owes 1,599.00 for an upgrade, whose settlement was asked for twice."""
    one = await _running(office)
    await _invoice(office, one)
    if method:
        method_id = await have_method(office.session, UUID(one["customer_id"]), **method)
        body = {"payment_method_id": str(method_id)}
        await office.ok("PATCH", f"/v1/subscriptions/{one['id']}", json=body, headers={"If-Match": "*"})
    office.clock.set(at(2026, 3, 12, 9))
    await office.act(one, "change", plan_id=str(await office.plan(PRO | GOLD)))
    await office.act(one, "cancel", at="period_end")
    await office.bill(at(2026, 4, 2))
    assert await _settle(office) == ["done", "done"]
    return one


async def _last(office: Office) -> tuple[UUID, int]:
    """The payment of what is left, and its amount."""
    query = "SELECT id, amount_minor FROM payments WHERE period_start = '2026-04-02'"
    ((payment_id, amount),) = await rows(office.session, query)
    return payment_id, amount


async def test_the_last_invoice_is_charged_to_the_stored_method_once_twice_run(office: Office) -> None:
    one = await _owes(office)

    payment, amount = await _last(office)
    assert amount == 159_900
    asked = [charge for charge in await published(office.session, ProcessPayment) if charge.payment_id == payment]
    assert len(asked) == 1

    await office.captured(payment, amount)

    assert await rows(office.session, INVOICES) == [(118_000, 0), (159_900, 0)]
    assert [(start, status) for start, _, status, _ in await office.periods(one)] == [
        ("2026-03-02", "paid"),
        ("2026-04-02", "paid"),
    ]
    assert (await office.get(one))["status"] == "cancelled"
    # What is left is no renewal.
    assert [told.period_start for told in await published(office.session, SubscriptionRenewed)] == [MARCH]
    assert (await balances(office.session)).get("accounts_receivable", 0) == 0


async def test_a_last_invoice_that_is_declined_is_dunned_as_a_period_is(office: Office) -> None:
    one = await _owes(office)
    payment, _ = await _last(office)

    await office.declined(payment, 1, "later", office.clock())
    first = await rows(office.session, "SELECT status, failures, next_try_at FROM dunning_runs")
    slot = at(2026, 4, 3, 4, 30)
    await office.run_task(ProcessDunning(slot=slot), occurred_at=slot)
    again = [charge for charge in await published(office.session, ProcessPayment) if charge.payment_id == payment]
    end = at(2026, 4, 20)
    await office.declined(payment, 2, "ask_customer", slot)
    await office.run_task(ProcessDunning(slot=end), occurred_at=end)

    assert (first, len(again)) == ([("running", 1, slot)], 2)
    assert await rows(office.session, "SELECT status FROM dunning_runs") == [("exhausted",)]
    assert [status for _, _, status, _ in await office.periods(one)] == ["paid", "unpaid"]
    assert (await office.get(one))["status"] == "cancelled"
    # Its customer still pays it, as any invoice.
    assert await rows(office.session, INVOICES) == [(118_000, 0), (159_900, 159_900)]


async def test_a_mandate_is_charged_with_its_last_invoice_only_after_a_notice(office: Office) -> None:
    await _owes(office, kind="card")

    payment, amount = await _last(office)

    assert [charge for charge in await published(office.session, ProcessPayment) if charge.payment_id == payment] == []
    notices = await rows(
        office.session, "SELECT start_on, amount_minor, then_charge FROM mandate_notices WHERE start_on > :march", march=MARCH
    )
    assert notices == [(date(2026, 4, 2), amount, True)]


async def test_a_last_invoice_whose_stored_method_has_expired_is_its_customers_to_pay(office: Office) -> None:
    one = await _owes(office, expires_at=at(2026, 3, 20))

    assert await rows(office.session, "SELECT 1 FROM payments WHERE period_start = '2026-04-02'") == []
    assert [status for _, _, status, _ in await office.periods(one)] == ["paid", "past_due"]
    ((invoice,),) = await rows(office.session, "SELECT id FROM invoices WHERE balance_minor > 0")
    await have_credit(office.session, UUID(one["customer_id"]), 159_900)
    use = f"/v1/customers/{one['customer_id']}/credit/use"
    await office.ok("POST", use, json={"invoice_id": str(invoice)}, headers=key())

    assert [status for _, _, status, _ in await office.periods(one)] == ["paid", "paid"]
    assert await rows(office.session, "SELECT status FROM dunning_runs") == [("recovered",)]
