"""Refunds that people ask for beside what a cancellation gives back: whichever comes second sees the first."""

import asyncio
from typing import Any, Final
from uuid import uuid4

import pytest

from services.payments import payment_deps
from services.payments.payments.telling import Told
from services.payments.tests.disputes.test_disputes import PLAN, dispute
from services.payments.tests.payments.arrange import (
    CHECK,
    NOON,
    OURS,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from services.payments.tests.payments.arrange import TOTAL as PAID
from services.payments.tests.refunds.test_invoiced import TOTAL, Buyer
from services.payments.tests.shop import Shop, open_shop
from shared.contracts.payments import ExecuteRefund, ExecuteRefundPlan
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

QUARTER: Final = 147_500
"""What one chair of four comes to, as the order is rounded."""
PLANS: Final = "SELECT status, refund_minor FROM refund_plans ORDER BY created_at, id"
REFUNDS: Final = "SELECT status, amount_minor, plan_id IS NOT NULL FROM refunds ORDER BY id"
GIVEN: Final = "SELECT paid_minor - refunded_minor FROM orders"


@pytest.fixture
async def buyer(client: ApiClient, session: Session, run_task: TaskRunner) -> Buyer:
    """Somebody who has paid for four chairs."""
    one = Buyer(await open_shop(client), session, run_task)
    await one.pays(await one.shop.customer())
    return one


async def _ask(buyer: Buyer, amount_minor: int | None) -> Any:
    body: dict[str, Any] = {"reason": "late"}
    if amount_minor is not None:
        body["amount"] = {"amount_minor": amount_minor, "currency": "INR"}
    return await buyer.shop.api.post(
        f"/v1/payments/{buyer.payment_id}/refunds", json=body, headers={"Idempotency-Key": str(uuid4())}
    )


async def _apply(session: Session, *told: Told) -> None:
    await payment_deps.gateway_facts(session, lambda: NOON).apply(told)


async def _cancel_all(buyer: Buyer) -> None:
    assert (await buyer.shop.act(buyer.order_id, "cancellations", reason="gone")).is_success


async def _execute(run_task: TaskRunner, session: Session) -> None:
    for (refund,) in await rows(session, "SELECT id FROM refunds WHERE status = 'requested' ORDER BY id"):
        assert (await run_task(ExecuteRefund(refund_id=refund))).outcome == "done"


@pytest.mark.parametrize("amount", [QUARTER, 100_000, None])
async def test_refund_waits_until_what_was_cancelled_is_on_its_way(buyer: Buyer, session: Session, amount: int | None) -> None:
    await buyer.cancel()

    refused = await _ask(buyer, amount)
    nothing = await rows(session, REFUNDS)
    await buyer.carry_out()
    accepted = await _ask(buyer, amount)

    ((_, planned),) = await rows(session, PLANS)
    assert (refused.status_code, refused.json()["code"], refused.json()["planned_minor"]) == (409, "refund_planned", planned)
    assert nothing == []
    assert (accepted.status_code, accepted.json()["amount_minor"]) == (201, amount or TOTAL - planned)
    assert await rows(session, PLANS) == [("executed", planned)]


async def test_cancellation_gives_back_what_a_refund_on_its_way_leaves(
    buyer: Buyer, session: Session, run_task: TaskRunner
) -> None:
    assert (await _ask(buyer, 100_000)).status_code == 201

    await _cancel_all(buyer)
    planned = await rows(session, PLANS)
    await buyer.carry_out()
    await _execute(run_task, session)
    await session.execute(CHECK)

    assert planned == [("planned", TOTAL - 100_000)]
    assert await rows(session, REFUNDS) == [("processed", 100_000, False), ("processed", TOTAL - 100_000, True)]
    assert (await rows(session, PLANS), await rows(session, GIVEN)) == ([("executed", TOTAL - 100_000)], [(0,)])


async def test_refund_that_waits_for_approval_gives_way_to_a_cancellation(
    buyer: Buyer, session: Session, client: ApiClient
) -> None:
    organization = (await rows(session, "SELECT organization_id FROM orders"))[0][0]
    boss = client.as_role("admin", organization_id=organization, subject="user:boss")
    await boss.put("/v1/payment-settings", json={"approve_refunds_above_minor": 50_000})
    refund = (await _ask(buyer, 100_000)).json()

    async def approve() -> Any:
        return await boss.post(f"/v1/refunds/{refund['id']}/approve", headers={"Idempotency-Key": str(uuid4())})

    await _cancel_all(buyer)
    early = await approve()
    await boss.put("/v1/payment-settings", json={"approve_refunds_above_minor": None})
    await buyer.carry_out()
    late = await approve()

    assert (refund["status"], early.json()["code"], early.json()["planned_minor"]) == (
        "awaiting_approval",
        "refund_planned",
        TOTAL,
    )
    assert (late.status_code, late.json()["code"], late.json()["refundable_minor"]) == (409, "refund_above_captured", 0)
    assert await rows(session, REFUNDS) == [("awaiting_approval", 100_000, False), ("processed", TOTAL, True)]
    assert await rows(session, GIVEN) == [(0,)]


async def test_second_cancellation_does_not_count_twice_what_the_first_has_given_back(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    shop = await open_shop(client)
    order = (await shop.order(await shop.customer())).json()["id"]
    for _ in range(2):
        cash = {"order_id": order, "kind": "cash", "amount": {"amount_minor": TOTAL // 2, "currency": "INR"}}
        await shop.ok("POST", "/v1/payments/offline", json=cash, headers={"Idempotency-Key": str(uuid4())})
    buyer = Buyer(shop, session, run_task)
    buyer.order_id = order
    three = [{"number": 1, "quantity": 3}]
    assert (await shop.act(order, "cancellations", reason="three less", lines=three)).is_success
    await _plans_begin(session, run_task)
    ((newest,),) = await rows(session, "SELECT id FROM refunds WHERE status = 'requested' ORDER BY payment_id DESC LIMIT 1")
    await run_task(ExecuteRefund(refund_id=newest))

    await _cancel_all(buyer)

    ((begun, first), (_, second)) = await rows(session, PLANS)
    assert (begun, first + second) == ("executing", TOTAL)


async def _plans_begin(session: Session, run_task: TaskRunner) -> None:
    for (plan,) in await rows(session, "SELECT id FROM refund_plans WHERE status = 'planned'"):
        await run_task(ExecuteRefundPlan(plan_id=plan))


@pytest.mark.parametrize("decided", [False, True])
async def test_what_waits_for_a_bank_is_left_for_the_cancellation(
    client: ApiClient, session: Session, run_task: TaskRunner, decided: bool
) -> None:
    customer = await have_customer(session)
    order = await have_order(session, customer)
    payment = await have_payment(session, order, customer)
    await _apply(session, pay("captured"), dispute("open", amount=4000))
    plan = uuid7()
    await session.execute(PLAN, {"id": plan, "order": order, "sum": PAID - 1000, "at": NOON})
    await run_task(ExecuteRefundPlan(plan_id=plan))
    if decided:
        await _apply(session, dispute("won", amount=4000))
    us = Buyer(Shop(client.as_role("operator", organization_id=OURS)), session, run_task)
    us.payment_id = str(payment.id)

    above, beside = [await _ask(us, amount) for amount in (1001, 1000)] if decided else [await _ask(us, 1), None]
    await run_task(ExecuteRefundPlan(plan_id=plan))

    # 4,000 of the plan waited; what is left of the payment before the bank has decided is the plan's.
    code, waits = ("refund_planned", 3000) if decided else ("refund_above_captured", None)
    assert (above.status_code, above.json()["code"], above.json().get("planned_minor")) == (409, code, waits)
    asked = [PAID - 4000, 1000, 3000] if decided else [PAID - 4000]
    assert (await rows(session, REFUNDS), beside is not None) == (
        [("requested", amount, amount != 1000) for amount in asked],
        decided,
    )


@pytest.mark.commits
async def test_refund_and_cancellation_at_once_give_back_what_was_paid_and_no_more(
    client: ApiClient, database: Database, run_task: TaskRunner
) -> None:
    shop = await open_shop(client)
    async with database.unit_of_work() as session:
        buyers = [Buyer(shop, session, run_task) for _ in range(4)]
        for one in buyers:
            await one.pays(await shop.customer(email=f"{uuid4()}@example.com"))
    await asyncio.gather(*(step for one in buyers for step in (_ask(one, 100_000), _cancel_all(one))))

    async with database.read() as reading:
        query = """
            SELECT coalesce((SELECT sum(refund_minor) FROM refund_plans WHERE order_id = orders.id), 0)::bigint
                   + coalesce((SELECT sum(amount_minor) FROM refunds WHERE order_id = orders.id), 0)::bigint FROM orders
        """
        assert await rows(reading, query) == [(TOTAL,)] * len(buyers)
