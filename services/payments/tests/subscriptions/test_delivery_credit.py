"""Unused days of a plan that is charged by days, and deliveries that follow on it: what they take up, and give back."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments.tests.payments.arrange import CHECK
from services.payments.tests.subscriptions.arrange import BOX, PRO, Office, at, code, key, rows
from shared.contracts.payments import GenerateInvoice, SettleSubscription
from shared.testing.messages import published

MARCH = date(2026, 3, 2)
TAKEN_BEFORE = Path(__file__).parents[2] / "migrations" / "versions" / "0027_taken_before.py"
OPEN = "SELECT sum(open_minor) FROM subscription_adjustments"
ORDER = "SELECT id, status, total_minor, discount_minor FROM orders ORDER BY period_start DESC LIMIT 1"
CREDIT = "SELECT kind, amount_minor FROM customer_credits"
FRESH = {"sac": "998439", "unit_price_minor": 100_000, "tax_rate_bp": 500}
"""Taxed as vegetables are."""
VAST = {"code": "vast", "interval": "week", "items": [{"sku": "VEG", "quantity": 10}]}


async def _delivers(
    office: Office, *, quantity: int = 9, changed: int = 8, day: int = 25, box: dict[str, Any] = BOX, charge: Any = FRESH
) -> Any:
    """One whose month was paid, then changed, and whose next period delivers."""
    one = await office.subscribe(await office.plan(PRO, max_quantity=9, charge=charge), quantity=quantity)
    await office.bill()
    ((payment, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await office.captured(payment, total)
    message = GenerateInvoice(subscription_id=UUID(one["id"]), period_start=MARCH)
    assert (await office.run_task(message, occurred_at=office.clock())).outcome == "done"
    office.clock.set(at(2026, 3, day, 9))
    if changed != quantity:
        assert (await office.act(one, "change", quantity=changed)).is_success
    later = {"plan_id": str(await office.plan(BOX | box)), "quantity": 1, "when": "next_period"}
    assert (await office.act(one, "change", **later)).is_success
    await office.bill(at(2026, 4, 2))
    return one


async def _cancel(office: Office, lines: list[dict[str, int]] | None = None) -> None:
    (order_id, *_) = (await rows(office.session, ORDER))[0]
    body = {"reason": "not at home"} | ({"lines": lines} if lines else {})
    path = f"/v1/orders/{order_id}/cancellations"
    await office.ok("POST", path, json=body, headers=key() | {"If-Match": "*"})
    await office.session.execute(CHECK)


async def test_credit_that_a_cancelled_delivery_has_taken_makes_the_next_one_cheaper(office: Office) -> None:
    one = await _delivers(office)
    # 8 of 31 days of one piece are 258.06, which 500.00 of vegetables are cheaper by; with 5 % of tax, rounded to the rupee.
    assert (await rows(office.session, ORDER))[0][1:] == ("placed", 25_400, 25_806)
    assert await rows(office.session, OPEN) == [(0,)]

    await _cancel(office)
    assert await rows(office.session, OPEN) == [(-25_806,)]
    await office.bill(at(2026, 4, 9))

    assert (await rows(office.session, ORDER))[0][1:] == ("placed", 25_400, 25_806)
    assert [total for *_, total in await office.periods(one)] == [945_000, 25_400, 25_400]


async def test_unused_days_that_were_taxed_by_another_rate_wait_and_are_given_back_with_that_tax(office: Office) -> None:
    one = await _delivers(office, charge=PRO["charge"])
    assert (await rows(office.session, ORDER))[0][1:] == ("placed", 52_500, 0)
    assert await rows(office.session, OPEN) == [(-25_806,)]

    await office.act(one, "cancel", at="now")
    for asked in await published(office.session, SettleSubscription):
        assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"

    assert await rows(office.session, CREDIT) == [("grant", 30_452)]


async def test_a_delivery_that_credit_has_paid_for_and_of_which_pieces_are_cancelled_gives_back_their_share(
    office: Office,
) -> None:
    await _delivers(office, changed=1, day=12, box=VAST)
    # 21 of 31 days of eight pieces, 5,419.35, are more than ten times 250.00.
    assert (await rows(office.session, ORDER))[0][1:] == ("paid", 0, 250_000)
    left = -541_935 + 250_000

    for pieces, back in ((3, 75_000), (4, 175_000), (3, 250_000)):
        await _cancel(office, [{"number": 1, "quantity": pieces}])
        assert await rows(office.session, OPEN) == [(left - back,)]

    assert (await rows(office.session, ORDER))[0][1:3] == ("cancelled", 0)


@pytest.mark.parametrize("paid", [False, True])
async def test_credit_is_given_back_once_where_the_delivery_is_cancelled_and_the_subscription_too(
    office: Office, paid: bool
) -> None:
    one = await _delivers(office)
    if paid:
        ((payment, total),) = await rows(
            office.session, "SELECT id, amount_minor FROM payments WHERE period_start = '2026-04-02'"
        )
        await office.captured(payment, total)
    await _cancel(office)
    await office.act(one, "cancel", at="now")
    assert await rows(office.session, OPEN) == [(-25_806,)]

    for asked in await published(office.session, SettleSubscription):
        assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"

    assert await rows(office.session, OPEN) == [(0,)]
    # With the tax of the month that was paid, 5 %.
    assert await rows(office.session, CREDIT) == [("grant", 27_096)]


async def test_credit_of_a_delivery_that_is_cancelled_after_its_subscription_is_its_customers(office: Office) -> None:
    one = await _delivers(office)
    ((payment, total),) = await rows(office.session, "SELECT id, amount_minor FROM payments WHERE period_start = '2026-04-02'")
    await office.captured(payment, total)
    await office.act(one, "cancel", at="now")
    before = list(await published(office.session, SettleSubscription))
    assert [(await office.run_task(asked, occurred_at=office.clock())).outcome for asked in before] == ["done"]
    assert await rows(office.session, CREDIT) == []

    await _cancel(office)
    (asked,) = (await published(office.session, SettleSubscription))[len(before) :]
    for _ in range(2):
        assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"

    assert await rows(office.session, CREDIT) == [("grant", 27_096)]


def _statement_of(migration: Path) -> str:
    """The first long text behind the docstring. A module whose name begins with digits cannot be imported by a statement."""
    return migration.read_text().split('"""')[3]


async def test_a_delivery_that_was_billed_by_old_code_gives_back_what_only_it_can_have_taken(office: Office) -> None:
    await _delivers(office)
    await office.session.execute(text("UPDATE subscription_periods SET taken = '{}'"))
    for _ in range(2):
        await office.session.execute(text(_statement_of(TAKEN_BEFORE)))
    before = await rows(office.session, OPEN)

    await _cancel(office)

    assert (before, await rows(office.session, OPEN)) == ([(0,)], [(-25_806,)])


async def test_what_a_change_has_made_due_waits_while_only_deliveries_are_billed_and_is_on_the_last_invoice(
    office: Office,
) -> None:
    one = await _delivers(office, quantity=1, changed=2, day=12)
    # 21 of 31 days of one more.
    assert await rows(office.session, OPEN) == [(67_742,)]
    assert (await rows(office.session, ORDER))[0][1:] == ("placed", 52_500, 0)

    await office.act(one, "cancel", at="period_end")
    await office.bill(at(2026, 4, 9))
    (asked,) = await published(office.session, SettleSubscription)
    assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"

    assert await rows(office.session, OPEN) == [(0,)]
    newest = "SELECT taxable_minor FROM invoices ORDER BY issued_at DESC, id DESC LIMIT 1"
    assert await rows(office.session, newest) == [(67_742,)]


async def test_an_order_that_is_cheaper_by_unused_days_is_not_amended(office: Office) -> None:
    await _delivers(office)
    (order_id, *before) = (await rows(office.session, ORDER))[0]

    body = {"reason": "more", "lines": [{"sku": "VEG", "quantity": 1}]}
    answer = await office.api.post(f"/v1/orders/{order_id}/amendments", json=body, headers=key() | {"If-Match": "*"})

    assert code(answer) == (409, "order_takes_credit")
    assert await rows(office.session, ORDER) == [(order_id, *before)]
