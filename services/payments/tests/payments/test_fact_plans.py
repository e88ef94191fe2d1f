"""Facts of many payments of one account: each is looked up, and none is compared with everybody's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import event, text

from services.payments import payment_deps
from services.payments.gateways.facts import OrderFact, OrderStatus, PaymentFact
from services.payments.payments.telling import Told
from services.payments.tests.payments.arrange import NOON, have_customer, have_order, have_payment, pay
from shared.runtime.db import Session
from shared.runtime.ids import uuid7

MANY: Final = 150
FEW: Final = 20 * MANY
"""Rows that a step of a statement may meet; each with each would be 22,500."""
ATTEMPT: Final = text("""
    INSERT INTO payment_attempts (id, payment_id, number, kind, amount_minor, started_at)
    VALUES (:id, :payment_id, 1, 'charge', 11800, :at)
""")


def _most_rows(node: dict[str, Any]) -> float:
    own: float = node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Join Filter", 0))
    return max([own, *(_most_rows(one) for one in node.get("Plans", []))])


@pytest.mark.parametrize("statement", ["WITH named AS", "WITH mine AS", "client_secret = coalesce"])
async def test_no_fact_meets_every_payment_of_its_account(session: Session, statement: str) -> None:
    customer, told = await have_customer(session), list[Told]()
    for number in range(MANY):
        name, receipt = f"order_{number}", uuid7()
        order = await have_order(session, customer)
        payment = await have_payment(session, order, customer, gateway_order=name if number % 2 else None)
        await session.execute(ATTEMPT, {"id": receipt, "payment_id": payment.id, "at": NOON})
        one = pay("captured", f"pay_{number}", order_id=name)
        assert isinstance(one.fact, PaymentFact)
        told.append(replace(one, fact=replace(one.fact, receipt=str(receipt))))
        made = OrderFact("razorpay", name, str(receipt), OrderStatus.CREATED, one.fact.amount_minor, "INR", 0, 0, NOON)
        told.append(Told("razorpay", made))
    seen: list[tuple[str, Any]] = []
    event.listen(session.get_bind().engine, "before_cursor_execute", lambda *said: seen.append((said[2], said[3])))

    undone = await session.begin_nested()
    await payment_deps.gateway_facts(session, lambda: NOON).apply(told)
    await undone.rollback()
    plan = await _plan_of(session, statement, [one for one in seen if "SAVEPOINT" not in one[0]])

    assert _most_rows(plan) <= FEW


async def _plan_of(session: Session, statement: str, seen: Sequence[tuple[str, Any]]) -> Any:
    """Say once more what was said to the database, up to a statement, and how it went about that."""
    connection = (await (await session.connection()).get_raw_connection()).driver_connection
    assert connection is not None
    for query, bound in seen:
        if statement in query:
            return (await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *bound))[0]["Plan"]
        await connection.fetch(query, *bound)
    pytest.fail(f"nobody has said {statement}")
