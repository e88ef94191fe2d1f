"""Credit notes by hand on invoices of orders: what is credited is asked for by nobody any more."""

from typing import Any, Final
from uuid import UUID

import pytest

from services.payments.tests.payments.arrange import CHECK, balances, rows
from services.payments.tests.shop import Shop, at, code, key, open_shop
from shared.contracts.payments import GenerateInvoice, ProcessPendingOrders
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

TOTAL: Final = 590_200
"""Four chairs at 1,250.50 and 18 %, rounded."""
CHAIR: Final = 147_560
"""A quarter of them and of each half of their tax, not rounded to the rupee."""
STANDS: Final = """
    SELECT status, payment_status, cancelled_minor, paid_minor, released_minor, due_minor FROM orders WHERE id = :id
"""

CREDITED_LINES: Final = "SELECT sum(quantity)::bigint, sum(taxable_minor)::bigint FROM credit_note_lines"


class Billed:
    """An order that is invoiced, and what happens to both."""

    def __init__(self, shop: Shop, session: Session, run_task: TaskRunner) -> None:
        self.shop, self.session, self._run = shop, session, run_task
        self.order_id = self.invoice_id = ""

    async def begin(self) -> None:
        self.order_id = (await self.shop.order(await self.shop.customer())).json()["id"]

    async def invoice(self) -> None:
        handled = await self._run(GenerateInvoice(order_id=UUID(self.order_id)), occurred_at=MONDAY_MORNING)
        assert handled.outcome == "done", handled.error
        ((self.invoice_id,),) = await rows(self.session, "SELECT CAST(id AS text) FROM invoices")

    async def credit(self, *lines: dict[str, Any]) -> int:
        body = {"reason": "goods_returned", "lines": list(lines)}
        note = await self.shop.ok("POST", f"/v1/invoices/{self.invoice_id}/credit-notes", json=body, headers=key())
        return int(note["total_minor"])

    async def pay(self, amount_minor: int) -> int:
        cash = {"order_id": self.order_id, "kind": "cash", "amount": {"amount_minor": amount_minor, "currency": "INR"}}
        return (await self.shop.api.post("/v1/payments/offline", json=cash, headers=key())).status_code

    async def expire(self) -> None:
        await self._run(ProcessPendingOrders(slot=at(12, day=20)))

    async def stands(self) -> tuple[Any, ...]:
        await self.session.execute(CHECK)
        (found,) = await rows(self.session, STANDS, id=self.order_id)
        return found

    async def asks(self) -> int:
        """What the invoice still asks for."""
        ((balance,),) = await rows(self.session, "SELECT balance_minor FROM invoices WHERE status = 'issued'")
        return int(balance)


@pytest.fixture
async def billed(client: ApiClient, session: Session, run_task: TaskRunner) -> Billed:
    """Of a shop that can issue invoices."""
    one = Billed(await open_shop(client), session, run_task)
    await one.begin()
    return one


async def test_what_is_credited_is_not_paid_by_the_order_either(billed: Billed) -> None:
    await billed.invoice()
    assert await billed.credit({"line": 1, "quantity": 1}) == CHAIR

    begun = await billed.shop.api.post(
        "/v1/payments", json={"order_id": billed.order_id, "amount": {"amount_minor": TOTAL, "currency": "INR"}}, headers=key()
    )
    assert (code(begun), begun.json()["due_minor"]) == ((422, "amount_above_due"), TOTAL - CHAIR)
    assert await billed.pay(TOTAL - CHAIR) == 201

    assert await billed.stands() == ("paid", "paid", CHAIR, TOTAL - CHAIR, 0, 0)
    assert await billed.asks() == 0
    assert (await balances(billed.session)).get("accounts_receivable", 0) == 0


async def test_an_order_that_is_credited_as_a_whole_is_owed_no_more_and_is_not_made(billed: Billed) -> None:
    await billed.invoice()
    await billed.credit()

    assert await billed.stands() == ("placed", "unpaid", TOTAL, 0, 0, 0)
    assert await billed.pay(TOTAL) == 409
    await billed.expire()
    assert (await billed.stands())[0] == "cancelled"
    assert await balances(billed.session) == {}


async def test_money_that_comes_for_what_was_credited_meanwhile_is_the_customers_credit(billed: Billed) -> None:
    await billed.invoice()
    left = TOTAL - await billed.credit({"line": 1, "quantity": 3})

    assert await billed.pay(TOTAL) == 201

    assert await billed.stands() == ("paid", "paid", TOTAL - left, left, 0, 0)
    assert await rows(billed.session, "SELECT sum(amount_minor)::bigint FROM customer_credits") == [(TOTAL - left,)]
    assert (await balances(billed.session)).get("accounts_receivable", 0) == 0


async def test_what_is_credited_of_a_paid_order_is_for_a_refund_and_stays_so_when_more_is_cancelled(billed: Billed) -> None:
    await billed.pay(TOTAL)
    await billed.invoice()
    await billed.credit({"line": 1, "quantity": 1})
    assert await billed.stands() == ("paid", "paid", CHAIR, TOTAL, CHAIR, 0)

    assert (
        await billed.shop.act(billed.order_id, "cancellations", reason="gone", lines=[{"number": 1, "quantity": 2}])
    ).is_success

    ((planned,),) = await rows(billed.session, "SELECT refund_minor FROM refund_plans")
    _, _, cancelled, paid, released, due = await billed.stands()
    assert (cancelled, paid, released, due) == (CHAIR + planned, TOTAL, CHAIR + planned, 0)
    ((credited,),) = await rows(billed.session, "SELECT credited_minor FROM invoices")
    assert credited == cancelled


@pytest.mark.parametrize("paid", [0, TOTAL])
async def test_what_is_cancelled_after_a_credit_note_is_what_is_left_as_the_preview_says(billed: Billed, paid: int) -> None:
    if paid:
        await billed.pay(paid)
    await billed.invoice()
    await billed.credit({"line": 1, "quantity": 1})

    preview = (await billed.shop.api.post(f"/v1/orders/{billed.order_id}/cancellation-preview", json={})).json()
    cancelled = await billed.shop.act(billed.order_id, "cancellations", reason="gone")

    assert cancelled.is_success, cancelled.text
    left = TOTAL - CHAIR
    assert (preview["cancelled_minor"], preview["refund_minor"]) == (left, left if paid else 0)
    assert await billed.stands() == ("cancelled", "paid" if paid else "unpaid", TOTAL, paid, paid, 0)
    assert await rows(billed.session, "SELECT credited_minor FROM invoices") == [(TOTAL,)]
    assert await rows(billed.session, CREDITED_LINES) == [(4, 500_200)]


async def test_an_order_that_is_invoiced_does_not_expire_beneath_its_invoice(billed: Billed) -> None:
    await billed.invoice()

    await billed.expire()

    assert (await billed.stands())[0] == "placed"
    assert await billed.asks() == TOTAL
    headers = {"If-Match": "*"} | key()
    await billed.shop.ok("POST", f"/v1/invoices/{billed.invoice_id}/void", json={"reason": "wrong buyer"}, headers=headers)
    await billed.expire()
    assert (await billed.stands())[0] == "cancelled"
