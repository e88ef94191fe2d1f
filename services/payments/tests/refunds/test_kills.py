"""Processes that are killed while a refund plan is carried out once more: the gateway gives back once, and the plan is done."""

import asyncio
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest

from services.payments import payment_deps
from services.payments.tests.gateway_stand_in import GatewayStandIn, gateway_stand_in
from services.payments.tests.payments.arrange import (
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
from services.payments.tests.refunds.test_undone import GIVEN, PLAN
from shared.runtime.clock import system_clock
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

RECOVERY_S: Final = 45
"""A lease lasts 65 s, which are 6.5 s here; a call may be on its way for 4.5 s; and each of two kills takes both."""


async def _failed(database: Database, gateway: GatewayStandIn) -> UUID:
    """A plan whose refund the gateway has made nothing of in the end."""
    made = await gateway.make_order(TOTAL, capture=True)
    paid = (await gateway.ask("POST", "/checkout", order_id=made))["razorpay_payment_id"]
    async with database.unit_of_work() as session:
        customer, plan = await have_customer(session), uuid7()
        order = await have_order(session, customer)
        await have_payment(session, order, customer, gateway_order=made)
        facts = payment_deps.gateway_facts(session, system_clock)
        await facts.apply([pay("captured", paid, order_id=made)])
        await session.execute(PLAN, {"id": plan, "order": order, "sum": GIVEN, "at": system_clock()})
        await payment_deps.refunds(session, system_clock).execute_plan(plan)
        ((refund,),) = await rows(session, "SELECT id FROM refunds")
        await facts.apply([give("failed", "rfnd_gone", GIVEN, payment_id=paid, receipt=str(refund))])
    return plan


async def _retry(processes: Processes, plan: UUID, token: str, faults: dict[str, str]) -> Any:
    """The answer to a client that asks again, with the same key, when the process that it has asked is killed."""
    dies, stays = processes.api("payments", **faults), processes.api("payments")
    await asyncio.gather(dies.ready(), stays.ready())
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    async with httpx.AsyncClient(headers=headers, timeout=30) as client:
        with pytest.raises(httpx.TransportError):
            await client.post(f"{dies.url}/v1/refund-plans/{plan}/retry")
        await dies.gone()
        answer = await client.post(f"{stays.url}/v1/refund-plans/{plan}/retry")
    assert answer.is_success, answer.text
    return answer.json()


async def _is_done(database: Database) -> bool:
    """Whether the plan is carried out, and nobody has anything left to do: what was skipped is over as well."""
    async with database.read() as reader:
        left = "SELECT (SELECT status FROM refund_plans), (SELECT count(*) FROM inbox WHERE state NOT IN (0, 5))"
        return list(await rows(reader, left)) == [("executed", 0)]


@pytest.mark.commits
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "names",
    [
        ("api.before_commit", "payments.refund.before_call", "payments.refund.called"),
        ("api.committed", "effect.before_record", "effect.recorded"),
        ("api.committed", "effect.claimed", "worker.before_receipt"),
    ],
)
async def test_plan_that_is_carried_out_again_is_given_back_once_whoever_is_killed(
    processes: Processes, database: Database, signing_keys: SigningKeys, tmp_path: Path, names: tuple[str, ...]
) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    faults = {"WAYBILL_FAILPOINTS": ",".join(f"{name}=kill" for name in names), "WAYBILL_FAILPOINT_ONCE": str(fired)}
    async with gateway_stand_in() as gateway:
        plan = await _failed(database, gateway)
        worker = processes.worker("payments", "--concurrency", "1", "-Q", "payments.critical", **gateway.environment, **faults)
        token = signing_keys.token("admin", organization_id=OURS)
        answer = await _retry(processes, plan, token, {**gateway.environment, **faults})
        await asyncio.gather(worker.ready(), processes.relay("payments").ready())

        await eventually(lambda: _is_done(database), RECOVERY_S, "the plan was not carried out")

        assert {one.name for one in fired.iterdir()} == set(names)
        assert await gateway.movements() == [("capture", TOTAL), ("refund", GIVEN)]
    assert [(one["status"], one["amount_minor"]) for one in answer] == [("failed", GIVEN), ("requested", GIVEN)]
    async with database.read() as reader:
        made = await rows(reader, "SELECT status, amount_minor FROM refunds ORDER BY id")
        assert made == [("failed", GIVEN), ("processed", GIVEN)]
        assert await rows(reader, "SELECT refunded_minor FROM payments") == [(GIVEN,)]
        assert await balances(reader) == {"gateway_receivable": TOTAL - GIVEN, "accounts_receivable": GIVEN - TOTAL}
