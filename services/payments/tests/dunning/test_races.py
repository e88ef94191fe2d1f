"""Money and dunning at once: whoever comes second sees what the first has done, and nobody waits for the other."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments import subscription_deps as deps
from services.payments.gateways.facts import PaymentFact, PaymentStatus
from services.payments.payments.telling import Told
from services.payments.subscriptions.models import SYSTEM
from services.payments.tests.subscriptions.arrange import at, have_many, rows
from shared.contracts.payments import ProcessPayment
from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.locks import WAITING
from shared.testing.messages import published
from shared.testing.wait import eventually

NOW = at(2026, 3, 2)
_DECLINED = text("""
    UPDATE payments SET status = 'failed', is_open = false, tries = 1, decline_kind = 'later', gateway_order_id = 'order_1',
                        version = version + 1
""")


@pytest.mark.commits
async def test_money_that_comes_while_dunning_is_about_to_try_again_is_not_charged_again(database: Database) -> None:
    async with database.unit_of_work() as session:
        await have_many(session, 1)
        await deps.due_billing(session).run(NOW)
        await session.execute(_DECLINED)
    async with database.unit_of_work() as session:
        (payment_id, amount), *_ = await rows(session, "SELECT id, amount_minor FROM payments")
        await payment_deps.failure_handling(session, FrozenClock(NOW)).handle(payment_id)
    fact = PaymentFact(
        "razorpay", "pay_1", "order_1", None, PaymentStatus.CAPTURED, amount, "INR", amount, 0, NOW + timedelta(hours=1)
    )

    async def dun() -> None:
        async with database.unit_of_work() as session:
            await deps.dunning(session).run(NOW + timedelta(days=2))

    async with database.unit_of_work() as session:
        # Dunning finds the run due and waits for the payment, which money has taken hold of.
        await session.execute(text("SELECT FROM payments FOR NO KEY UPDATE"))
        dunning = asyncio.create_task(dun())
        await eventually(lambda: session.scalar(text(WAITING)), message="nobody waits")
        await payment_deps.gateway_facts(session, FrozenClock(NOW)).apply([Told("razorpay", fact)], by=SYSTEM)
    await dunning

    async with database.read() as reading:
        assert await rows(reading, "SELECT status FROM subscription_periods") == [("paid",)]
        assert await rows(reading, "SELECT status FROM dunning_runs") == [("recovered",)]
        assert await rows(reading, "SELECT status FROM subscriptions") == [("active",)]
        assert len(await published(reading, ProcessPayment)) == 1
