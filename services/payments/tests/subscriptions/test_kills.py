"""Real workers that are killed while they settle a subscription that is over: one last invoice, charged once, and paid."""

import asyncio
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in
from services.payments.tests.payments.arrange import balances
from services.payments.tests.subscriptions.arrange import at, have_many, rows
from shared.contracts.payments import SettleSubscription
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.process import Processes
from shared.testing.wait import eventually

RECOVERY_S: Final = 45
"""A lease lasts 65 s, which are 6.5 s here; a call may be on its way for 4.5 s; and each of two kills takes both."""
LAST_MINOR: Final = 59_000
_METHOD: Final = text("UPDATE payment_methods SET gateway_customer_id = :customer, token = :token")
_PAID: Final = text("""
    INSERT INTO subscription_periods (subscription_id, start_on, end_on, organization_id, customer_id, legal_entity_id,
                                      plan_version_id, quantity, status, currency, lines, place_of_supply, supply_kind,
                                      taxable_minor, tax_minor, round_off_minor, total_minor, billed_at, paid_at, updated_at)
    SELECT id, '2026-03-02', '2026-04-02', organization_id, customer_id, (SELECT id FROM legal_entities), plan_version_id, 1,
           'paid', 'INR', '[]', '27', 'domestic', 100000, 18000, 0, 118000, :now, :now, :now
      FROM subscriptions
""")
_OVER: Final = text("""
    UPDATE subscriptions SET status = 'ended', next_period_start = '2026-04-02', next_bill_at = NULL, cancelled_at = :now,
                             version = version + 1
""")
_OPEN: Final = text("""
    INSERT INTO subscription_adjustments (id, subscription_id, description, hsn_sac, tax_rate_bp, amount_minor, open_minor,
                                          created_at, created_by)
    SELECT :id, id, 'Additional: Pro', '998439', 1800, 50000, 50000, :now, 'test' FROM subscriptions
""")


async def _over(database: Database, gateway: GatewayStandIn) -> None:
    """A subscription that is over and owes 500.00 before tax, and the message that settles it, twice."""
    customer, token = await gateway.mandate()
    now = at(2026, 4, 2)
    async with database.unit_of_work() as session:
        await have_many(session, 1)
        await session.execute(_METHOD, {"customer": customer, "token": token})
        for statement in (_PAID, _OVER):
            await session.execute(statement, {"now": now})
        await session.execute(_OPEN, {"id": uuid4(), "now": now})
        ((subscription_id,),) = await rows(session, "SELECT id FROM subscriptions")
        for _ in range(2):
            publish(session, SettleSubscription(subscription_id=subscription_id))


async def _is_settled(database: Database) -> bool:
    """Whether the last invoice is paid, and nobody has anything left to do."""
    async with database.read() as reader:
        left = "SELECT count(*) FROM inbox WHERE state <> 0"
        paid = "SELECT status FROM payments"
        return (list(await rows(reader, paid)), list(await rows(reader, left))) == ([("captured",)], [(0,)])


@pytest.mark.commits
@pytest.mark.parametrize(
    "names",
    [
        ("worker.before_commit", "worker.committed"),
        ("payments.order.before_call", "payments.order.called"),
        ("payments.charge.before_call", "payments.charge.called"),
        ("effect.before_record", "effect.recorded"),
    ],
)
async def test_worker_that_is_killed_bills_and_charges_what_is_left_once(
    processes: Processes, database: Database, tmp_path: Path, names: tuple[str, ...]
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    faults = {"WAYBILL_FAILPOINTS": ",".join(f"{name}=kill" for name in names), "WAYBILL_FAILPOINT_ONCE": str(fired)}
    async with gateway_stand_in() as gateway:
        await gateway.ask("PATCH", "/account", own_notice_s=0)
        lanes = "payments.subscriptions,payments.critical"
        worker = processes.worker("payments", "--concurrency", "1", "-Q", lanes, **gateway.environment, **faults)
        await asyncio.gather(worker.ready(), processes.relay("payments").ready())
        await _over(database, gateway)

        await eventually(lambda: _is_settled(database), RECOVERY_S, "the last invoice was not paid")

        assert {one.name for one in fired.iterdir()} == set(names)
        assert await gateway.movements() == [("capture", LAST_MINOR)]
    async with database.read() as reader:
        assert await rows(reader, "SELECT total_minor, balance_minor FROM invoices") == [(LAST_MINOR, 0)]
        periods = "SELECT CAST(start_on AS text), status FROM subscription_periods ORDER BY start_on"
        assert await rows(reader, periods) == [("2026-03-02", "paid"), ("2026-04-02", "paid")]
        assert await rows(reader, "SELECT open_minor FROM subscription_adjustments") == [(0,)]
        assert (await balances(reader)).get("accounts_receivable", 0) == 0
