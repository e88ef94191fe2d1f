"""A period that is paid is invoiced for what was paid, once; and core's tables and the period tell the same story."""

from datetime import date
from uuid import UUID

import pytest

from services.payments import invoice_deps
from services.payments.invoices.errors import SourceNotBillable
from services.payments.invoices.models import Source
from services.payments.invoices.writing_repository import Change
from services.payments.tests.subscriptions.arrange import ADA, BOX, Office, rows
from shared.contracts.money import Money
from shared.contracts.payments import GenerateInvoice
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
