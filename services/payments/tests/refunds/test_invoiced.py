"""Refunds of what is invoiced: a credit note takes them off, whatever comes first, and nothing is due again."""

from itertools import permutations
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.payments.tests.payments.arrange import CHECK, balances, rows
from services.payments.tests.shop import Shop, open_shop
from shared.contracts.payments import ExecuteRefund, ExecuteRefundPlan, GenerateInvoice
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

TOTAL: Final = 590_200
"""Four chairs at 1,250.50 and 18 %, rounded."""
STANDS: Final = """
    SELECT invoices.total_minor - credited_minor AS billed, invoices.paid_minor, balance_minor, due_minor,
           orders.paid_minor - refunded_minor AS kept
      FROM invoices JOIN orders ON orders.id = order_id WHERE order_id = :id
"""
NOTES: Final = "SELECT reason, total_minor FROM credit_notes ORDER BY sequence"


class Buyer:
    """Somebody who has paid an order in cash, and what happens to it."""

    def __init__(self, shop: Shop, session: Session, run_task: TaskRunner) -> None:
        self.shop, self._session, self._run = shop, session, run_task
        self.order_id = self.payment_id = ""

    async def pays(self, customer: UUID) -> None:
        self.order_id = (await self.shop.order(customer)).json()["id"]
        cash = {"order_id": self.order_id, "kind": "cash", "amount": {"amount_minor": TOTAL, "currency": "INR"}}
        headers = {"Idempotency-Key": str(uuid4())}
        self.payment_id = (await self.shop.ok("POST", "/v1/payments/offline", json=cash, headers=headers))["id"]

    async def invoice(self) -> None:
        handled = await self._run(GenerateInvoice(order_id=UUID(self.order_id)), occurred_at=MONDAY_MORNING)
        assert handled.outcome == "done", handled.error

    async def refund(self, amount_minor: int | None = 100_000) -> None:
        body: dict[str, Any] = {"reason": "late"}
        if amount_minor is not None:
            body["amount"] = {"amount_minor": amount_minor, "currency": "INR"}
        if await rows(self._session, "SELECT 1 FROM refund_plans WHERE (order_id, status) = (:id, 'planned')", id=self.order_id):
            await self.carry_out()
        headers = {"Idempotency-Key": str(uuid4())}
        asked = await self.shop.ok("POST", f"/v1/payments/{self.payment_id}/refunds", json=body, headers=headers)
        for _ in range(2):
            await self._run(ExecuteRefund(refund_id=UUID(asked["id"])))

    async def cancel(self) -> None:
        lines = [{"number": 1, "quantity": 1}]
        assert (await self.shop.act(self.order_id, "cancellations", reason="one less", lines=lines)).is_success

    async def carry_out(self) -> None:
        for (plan,) in await rows(self._session, "SELECT id FROM refund_plans WHERE order_id = :id", id=self.order_id):
            await self._run(ExecuteRefundPlan(plan_id=plan))
            for (refund,) in await rows(self._session, "SELECT id FROM refunds WHERE plan_id = :id", id=plan):
                await self._run(ExecuteRefund(refund_id=refund))

    async def stands(self) -> tuple[int, ...]:
        await self._session.execute(CHECK)
        ((*amounts,),) = await rows(self._session, STANDS, id=self.order_id)
        return tuple(amounts)


@pytest.fixture
async def buyer(client: ApiClient, session: Session, run_task: TaskRunner) -> Buyer:
    """Who buys from a shop that can issue invoices."""
    return Buyer(await open_shop(client), session, run_task)


async def test_invoice_refund_and_cancellation_come_to_the_same_in_every_order(buyer: Buyer, session: Session) -> None:
    customer = await buyer.shop.customer()
    found = set()
    for first in permutations((buyer.invoice, buyer.refund, buyer.cancel)):
        await buyer.pays(customer)
        for step in (*first, buyer.carry_out):
            await step()
        found.add(await buyer.stands())

    # A quarter is cancelled and given back, and 1,000.00 beside it: as much is billed as is kept, and nothing is due.
    kept = 442_700 - 100_000
    assert found == {(kept, kept, 0, 0, kept)}
    assert (await balances(session)).get("accounts_receivable", 0) == 0


async def test_whole_refund_credits_the_whole_invoice_once_though_carried_out_twice(buyer: Buyer, session: Session) -> None:
    await buyer.pays(await buyer.shop.customer())
    await buyer.invoice()
    await buyer.refund(200_000)
    await buyer.refund(None)

    assert await buyer.stands() == (0, 0, 0, 0, 0)
    assert await rows(session, NOTES) == [("refunded", 200_000), ("refunded", TOTAL - 200_000)]
    assert await balances(session) == {}


async def test_refund_of_what_a_credit_note_has_taken_off_issues_no_second_one(buyer: Buyer, session: Session) -> None:
    await buyer.pays(await buyer.shop.customer())
    await buyer.invoice()
    ((invoice,),) = await rows(session, "SELECT id FROM invoices")
    note = {"reason": "goods_returned", "lines": [{"line": 1, "quantity": 1}]}
    headers = {"Idempotency-Key": str(uuid4())}
    credited = await buyer.shop.ok("POST", f"/v1/invoices/{invoice}/credit-notes", json=note, headers=headers)

    await buyer.refund(credited["total_minor"] + 5000)

    assert await rows(session, NOTES) == [("goods_returned", credited["total_minor"]), ("refunded", 5000)]
    kept = TOTAL - credited["total_minor"] - 5000
    assert await buyer.stands() == (kept, kept, 0, 0, kept)


async def test_order_that_was_refunded_in_part_can_still_be_cancelled(buyer: Buyer, session: Session) -> None:
    await buyer.pays(await buyer.shop.customer())
    await buyer.invoice()
    await buyer.refund(100_000)
    assert (await buyer.shop.act(buyer.order_id, "cancellations", reason="gone")).is_success
    await buyer.carry_out()

    assert await buyer.stands() == (0, 0, 0, 0, 0)
    assert await rows(session, NOTES) == [("refunded", 100_000), ("cancelled", TOTAL - 100_000)]
    assert await balances(session) == {}
