"""Unused days of a plan that is charged by days, and deliveries that follow on it: what they take up, and give back."""

from datetime import date
from typing import Any
from uuid import UUID

from services.payments.tests.subscriptions.arrange import BOX, PRO, Office, at, rows
from shared.contracts.payments import GenerateInvoice, SettleSubscription
from shared.testing.messages import published

MARCH = date(2026, 3, 2)
OPEN = "SELECT sum(open_minor) FROM subscription_adjustments"
ORDER = "SELECT id, status, total_minor, discount_minor FROM orders ORDER BY period_start DESC LIMIT 1"


async def _delivers(office: Office, *, quantity: int = 9, changed: int = 8, day: int = 25, box: dict[str, Any] = BOX) -> Any:
    """One whose month was paid, then changed, and whose next period delivers."""
    one = await office.subscribe(await office.plan(PRO, max_quantity=9), quantity=quantity)
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
