"""Many at once, on a database that truly commits."""

import asyncio
from uuid import uuid4

import pytest

from services.payments import payment_deps
from services.payments.tests.gateway_stand_in import GatewayStandIn
from services.payments.tests.payments.arrange import (
    NOON,
    OURS,
    TOTAL,
    balances,
    give,
    have_customer,
    have_order,
    have_payment,
    pay,
    rows,
)
from shared.runtime.db import Database
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits
FACTS = [pay("authorized"), pay("captured"), pay("failed", "pay_0"), give("pending", amount=5000), give("processed", amount=5000)]


async def test_facts_that_are_told_at_once_by_many_are_booked_once(app_database: Database) -> None:
    async with app_database.unit_of_work() as session:
        customer = await have_customer(session)
        await have_payment(session, await have_order(session, customer), customer)

    async def tell(number: int) -> None:
        async with app_database.unit_of_work() as session:
            await payment_deps.gateway_facts(session, lambda: NOON).apply([FACTS[number % len(FACTS)]])

    await asyncio.gather(*(tell(number) for number in range(20)))

    async with app_database.unit_of_work() as session:
        state = await rows(session, "SELECT status, captured_minor, refunded_minor FROM payments")
        assert state == [("partially_refunded", TOTAL, 5000)]
        assert await balances(session) == {"gateway_receivable": TOTAL - 5000, "accounts_receivable": 5000 - TOTAL}
        assert await rows(session, "SELECT paid_minor, refunded_minor FROM orders") == [(TOTAL, 5000)]


async def test_clients_who_pay_the_same_at_once_get_the_same_payment(
    client: ApiClient, app_database: Database, gateway: GatewayStandIn
) -> None:
    async with app_database.unit_of_work() as session:
        order = await have_order(session, await have_customer(session))
    us = client.as_role("operator", organization_id=OURS)

    async def begin() -> tuple[int, str]:
        body = {"order_id": str(order)}
        answer = await us.post("/v1/payments", json=body, headers={"Idempotency-Key": str(uuid4())})
        return answer.status_code, answer.json().get("gateway_order_id") or answer.json()["code"]

    answers = await asyncio.gather(*(begin() for _ in range(4)))

    async with app_database.unit_of_work() as session:
        ((known,),) = await rows(session, "SELECT gateway_order_id FROM payments")
    assert {said for status, said in answers if status == 201} == {known}
    assert {status for status, _ in answers} <= {201, 409, 503}
    assert known in {one["id"] for one in (await gateway.api("/orders"))["items"]}
