"""What a subscription delivers while its period is not paid: it waits, goes out on credit, or is cancelled."""

import pytest

from services.payments.tests.dunning.arrange import DEADLINE, RUN, TRY_1, owed, settings
from services.payments.tests.subscriptions.arrange import BOX, Office, at, key, rows
from shared.contracts.payments import GenerateInvoice
from shared.testing.messages import published


@pytest.mark.parametrize(
    ("policy", "at_first", "at_last"),
    [
        ("hold", ("placed", "past_due"), ("cancelled", "unpaid")),
        ("deliver", ("in_production", "past_due"), ("in_production", "unpaid")),
        ("cancel", ("cancelled", "active"), ("cancelled", "active")),
    ],
)
async def test_the_order_of_an_unpaid_period_waits_goes_out_or_is_cancelled(
    office: Office, policy: str, at_first: tuple[str, str], at_last: tuple[str, str]
) -> None:
    await settings(office, unpaid_delivery=policy)
    one = await owed(office, BOX)

    async def found() -> tuple[str, str]:
        ((order,),) = await rows(office.session, "SELECT status FROM orders")
        return order, (await office.get(one.subscription))["status"]

    await one.fail(1, office.clock(), kind="ask_customer")
    assert await found() == at_first
    await one.run(DEADLINE)
    assert await found() == at_last


@pytest.mark.parametrize(("when_exhausted", "period"), [("unpaid", "unpaid"), ("cancel", "void")])
async def test_what_is_delivered_on_credit_is_owed_by_its_invoice_to_the_end_and_after_it(
    office: Office, when_exhausted: str, period: str
) -> None:
    await settings(office, unpaid_delivery="deliver", when_exhausted=when_exhausted)
    one = await owed(office, BOX)
    await one.fail(1, office.clock(), kind="ask_customer")
    (billing,) = await published(office.session, GenerateInvoice)
    for _ in range(2):
        await office.run_task(billing)
    ((order_id, total),) = await rows(office.session, "SELECT id, total_minor FROM orders")
    delivered = {"lines": [{"number": 1, "quantity": 2}]}
    await office.ok("POST", f"/v1/orders/{order_id}/fulfilments", json=delivered, headers=key())

    await one.run(DEADLINE)

    assert (await one.status())[1] == period
    assert await rows(office.session, "SELECT status, total_minor, balance_minor FROM invoices") == [("issued", total, total)]


async def test_what_was_delivered_on_credit_and_is_paid_then_is_invoiced_once(office: Office) -> None:
    await settings(office, unpaid_delivery="deliver")
    one = await owed(office, BOX)
    await one.fail(1, office.clock())

    async def bill() -> None:
        for message in await published(office.session, GenerateInvoice):
            await office.run_task(message)

    await bill()
    await one.pay(TRY_1)
    await bill()

    assert await rows(office.session, "SELECT status, balance_minor FROM invoices") == [("issued", 0)]
    assert await one.status() == ("active", "paid")


async def test_a_delivery_that_somebody_has_cancelled_is_not_owed(office: Office) -> None:
    one = await owed(office, BOX)
    await one.fail(1, office.clock())
    ((order_id,),) = await rows(office.session, "SELECT id FROM orders")
    await office.ok("POST", f"/v1/orders/{order_id}/cancellations", json={"reason": "away"}, headers=key() | {"If-Match": "*"})

    await one.run(TRY_1)
    await office.bill(at(2026, 3, 9))

    assert [status for *_, status, _ in await office.periods(one.subscription)] == ["void", "open"]
    assert (await office.get(one.subscription))["status"] == "active"
    assert [status for status, *_ in await rows(office.session, RUN)] == ["stopped"]
