"""Credit that pays a subscription's order or invoice pays its period, and ends what was done about it."""

from datetime import date
from typing import Any
from uuid import UUID

from services.payments import invoice_deps
from services.payments.invoices.models import Source
from services.payments.invoices.writing_repository import Change
from services.payments.tests.credits.arrange import have_credit
from services.payments.tests.subscriptions.arrange import ADA, BOX, Office, key, rows
from shared.contracts.payments import GenerateInvoice, SubscriptionRenewed
from shared.testing.messages import assert_nothing_published, assert_published

PERIOD = "SELECT payment_id, order_id, total_minor FROM subscription_periods"


async def _use(office: Office, subscription: dict[str, Any], **body: Any) -> None:
    path = f"/v1/customers/{subscription['customer_id']}/credit/use"
    await office.ok("POST", path, json=body, headers=key())


async def test_a_delivery_whose_order_credit_pays_is_paid_and_dunned_no_more(office: Office) -> None:
    one = await office.subscribe(await office.plan(BOX))
    await office.bill()
    ((payment_id, order_id, total),) = await rows(office.session, PERIOD)
    await office.declined(payment_id, 1, "later", office.clock())
    assert (await office.get(one))["status"] == "past_due"
    await have_credit(office.session, UUID(one["customer_id"]), total)

    await _use(office, one, order_id=str(order_id))

    assert [status for _, _, status, _ in await office.periods(one)] == ["paid"]
    assert (await office.get(one))["status"] == "active"
    assert await rows(office.session, "SELECT status FROM dunning_runs") == [("recovered",)]
    await assert_published(office.session, GenerateInvoice, order_id=order_id)
    await assert_published(office.session, SubscriptionRenewed, subscription_id=UUID(one["id"]))


async def test_a_period_is_paid_once_credit_has_paid_its_whole_invoice(office: Office) -> None:
    one = await office.subscribe(await office.plan(), method=False)
    await office.bill()
    ((_, _, total),) = await rows(office.session, PERIOD)
    source = Source(subscription_id=UUID(one["id"]), period_start=date(2026, 3, 2))
    made = await invoice_deps.generation(office.session).generate(source, Change(office.clock(), ADA))
    await have_credit(office.session, UUID(one["customer_id"]), total)

    await _use(office, one, invoice_id=str(made.invoice_id), amount_minor=total - 1)
    in_part = [status for _, _, status, _ in await office.periods(one)]
    await assert_nothing_published(office.session, SubscriptionRenewed)
    await _use(office, one, invoice_id=str(made.invoice_id))

    assert in_part == ["open"]
    assert [status for _, _, status, _ in await office.periods(one)] == ["paid"]
    await assert_published(office.session, SubscriptionRenewed, subscription_id=UUID(one["id"]))
