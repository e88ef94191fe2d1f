"""A period that is paid is invoiced for what was paid, once; and core's tables and the period tell the same story."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments import invoice_deps
from services.payments.invoices.errors import SourceNotBillable
from services.payments.invoices.models import Source
from services.payments.invoices.writing_repository import Change
from services.payments.tests.subscriptions.arrange import ADA, BOX, Office, have_method, key, rows
from shared.contracts.money import Money
from shared.contracts.payments import GenerateInvoice, ProcessPayment
from shared.testing.messages import assert_published


async def test_a_paid_period_is_invoiced_for_its_days_at_what_was_paid(office: Office) -> None:
    one = await office.subscribe(await office.plan(), anchor_day=31)
    await office.bill()
    ((payment_id, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")

    await office.captured(payment_id, total)

    wanted = await assert_published(office.session, GenerateInvoice, subscription_id=UUID(one["id"]))
    source = Source(subscription_id=wanted.subscription_id, period_start=wanted.period_start)
    generation = invoice_deps.generation(office.session)
    made = [await generation.generate(source, Change(office.clock(), ADA)) for _ in range(2)]

    assert [invoice.created for invoice in made] == [True, False]
    assert made[0].total == Money(amount_minor=total, currency="INR")
    shown = "SELECT CAST(supplied_from AS text), CAST(supplied_to AS text), paid_minor, balance_minor FROM invoices"
    assert await rows(office.session, shown) == [("2026-03-02", "2026-03-30", total, 0)]


async def test_what_was_delivered_is_invoiced_as_its_order(office: Office) -> None:
    one = await office.subscribe(await office.plan(BOX))
    await office.bill()

    source = Source(subscription_id=UUID(one["id"]), period_start=date(2026, 3, 2))
    with pytest.raises(SourceNotBillable, match="name order_id"):
        await invoice_deps.generation(office.session).generate(source, Change(office.clock(), ADA))


async def test_a_card_that_comes_later_pays_the_invoice_and_what_was_paid_by_hand_is_not_taken_again(office: Office) -> None:
    one = await office.subscribe(await office.plan(), method=False)
    await office.bill()
    source = Source(subscription_id=UUID(one["id"]), period_start=date(2026, 3, 2))
    made = await invoice_deps.generation(office.session).generate(source, Change(office.clock(), ADA))
    await office.session.execute(text("UPDATE subscription_periods SET status = 'past_due', version = version + 1"))
    past_due = "UPDATE subscriptions SET status = 'past_due', version = version + 1, changed_by = 'test'"
    await office.session.execute(text(past_due))
    card = await have_method(office.session, UUID(one["customer_id"]))
    path = f"/v1/subscriptions/{one['id']}"
    await office.ok("PATCH", path, json={"payment_method_id": str(card)}, headers={"If-Match": "*"})
    ((payment_id,),) = await rows(office.session, "SELECT id FROM payments")

    amount = {"amount_minor": 18_000, "currency": "INR"}
    cash = {"invoice_id": str(made.invoice_id), "amount": amount, "kind": "cash"}
    await office.ok("POST", "/v1/payments/offline", json=cash, headers=key())
    await office.captured(payment_id, 118_000)

    assert await office.periods(one) == [("2026-03-02", "2026-04-02", "paid", 118_000)]
    assert await rows(office.session, "SELECT paid_minor, balance_minor FROM invoices") == [(118_000, 0)]
    assert await rows(office.session, "SELECT kind, amount_minor FROM customer_credits") == [("grant", 18_000)]
    owed = "SELECT sum(amount_minor)::bigint FROM ledger_entries WHERE account = 'accounts_receivable'"
    assert await rows(office.session, owed) == [(0,)]


async def test_a_period_that_is_paid_meanwhile_is_not_charged(office: Office) -> None:
    await office.subscribe(await office.plan())
    await office.bill()
    ((payment_id,),) = await rows(office.session, "SELECT id FROM payments")
    paid = "UPDATE subscription_periods SET status = 'paid', paid_at = now(), version = version + 1"
    await office.session.execute(text(paid))

    handled = await office.run_task(ProcessPayment(payment_id=payment_id))

    assert (handled.outcome, handled.error) == ("dropped", "the period is paid")
    assert await rows(office.session, "SELECT status, tries FROM payments") == [("created", 0)]
