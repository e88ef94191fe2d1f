"""Refunds that come to nothing after all: a person hears of each, and what a cancellation gives back can be tried again."""

from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.tests.payments.arrange import (
    CHECK,
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
from shared.contracts.payments import ExecuteRefund, ExecuteRefundPlan
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_published
from shared.testing.service import ApiClient

PLAN: Final = text("INSERT INTO refund_plans VALUES (:id, :order, 3, 'INR', '[]', 0, :sum, :sum, 'planned', :at, 'ann')")
PLANS: Final = "SELECT status FROM refund_plans"
REFUNDS: Final = "SELECT status, amount_minor FROM refunds ORDER BY id"
GIVEN: Final = 5000
PAID: Final = {"gateway_receivable": TOTAL, "accounts_receivable": -TOTAL}


async def _planned(session: Session, sum_minor: int = GIVEN) -> UUID:
    """The plan of a cancellation of an order that was paid at the gateway."""
    customer, plan = await have_customer(session), uuid7()
    order = await have_order(session, customer)
    await have_payment(session, order, customer)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([pay("captured")])
    await session.execute(PLAN, {"id": plan, "order": order, "sum": sum_minor, "at": NOON})
    return plan


async def _told(session: Session, status: str, refund_id: str, sum_minor: int = GIVEN) -> None:
    """The gateway tells twice what became of the newest refund."""
    ((refund,),) = await rows(session, "SELECT id FROM refunds ORDER BY id DESC LIMIT 1")
    for _ in range(2):
        told = give(status, refund_id, sum_minor, receipt=str(refund))
        await payment_deps.gateway_facts(session, lambda: NOON).apply([told])
    await session.execute(CHECK)


async def _post(client: ApiClient, path: str) -> Any:
    return await client.post(path, headers={"Idempotency-Key": str(uuid4())})


async def test_refund_that_fails_later_is_a_case_and_its_plan_is_tried_again(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    plan, admin = await _planned(session), client.as_role("admin", organization_id=OURS, subject="user:ada")
    await run_task(ExecuteRefundPlan(plan_id=plan))
    await _told(session, "pending", "rfnd_1")
    early = await _post(admin, f"/v1/refund-plans/{plan}/retry")

    await _told(session, "failed", "rfnd_1")
    ((failed,),) = await rows(session, "SELECT id FROM refunds")
    after = await rows(session, PLANS), await balances(session)
    cases = await rows(session, "SELECT kind, state, details FROM cases")
    theirs = await _post(client.as_role("admin", organization_id=uuid4()), f"/v1/refund-plans/{plan}/retry")
    again = await _post(admin, f"/v1/refund-plans/{plan}/retry")
    late = await _post(admin, f"/v1/refund-plans/{plan}/retry")
    await _told(session, "processed", "rfnd_2")

    assert (early.json()["code"], early.json()["plan_status"]) == ("refund_plan_forbids", "executing")
    assert after == ([("failed",)], PAID)
    assert cases == [("refund_undone", "open", {"refund_id": str(failed)})]
    assert (theirs.status_code, theirs.json()["code"]) == (404, "refund_plan_not_found")
    assert [(one["status"], one["requested_by"]) for one in again.json()] == [("failed", "ann"), ("requested", "user:ada")]
    assert late.json()["code"] == "refund_plan_forbids"
    await assert_published(session, ExecuteRefund, refund_id=UUID(again.json()[1]["id"]))
    assert await rows(session, REFUNDS) == [("failed", GIVEN), ("processed", GIVEN)]
    assert await rows(session, PLANS) == [("executed",)]
    assert await balances(session) == {"gateway_receivable": TOTAL - GIVEN, "accounts_receivable": GIVEN - TOTAL}


@pytest.mark.parametrize("status", ["failed", "processed"])
async def test_whatever_the_gateway_says_last_of_a_refund_opens_at_most_one_case(session: Session, status: str) -> None:
    plan = await _planned(session)
    await payment_deps.refunds(session, lambda: NOON).execute_plan(plan)

    for told in ("failed", status):
        await _told(session, told, "rfnd_1")

    assert await rows(session, "SELECT count(*)::int FROM cases") == [(1,)]
    assert await rows(session, REFUNDS) == [(status, GIVEN)]


async def test_plan_whose_refund_is_rejected_is_open_for_another_try(
    client: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    plan, admin = await _planned(session), client.as_role("admin", organization_id=OURS)
    await admin.put("/v1/payment-settings", json={"approve_refunds_above_minor": 1000})
    for _ in range(2):
        await run_task(ExecuteRefundPlan(plan_id=plan))
    ((refund,),) = await rows(session, "SELECT id FROM refunds")
    waiting = await rows(session, PLANS)

    assert (await _post(admin, f"/v1/refunds/{refund}/reject")).is_success
    rejected = await rows(session, PLANS)
    again = await _post(admin, f"/v1/refund-plans/{plan}/retry")
    for _ in range(2):
        await run_task(ExecuteRefundPlan(plan_id=plan))

    assert (waiting, rejected, await rows(session, PLANS)) == ([("executing",)], [("failed",)], [("executing",)])
    assert [one["status"] for one in again.json()] == ["rejected", "awaiting_approval"]
    assert await rows(session, REFUNDS) == [("rejected", GIVEN), ("awaiting_approval", GIVEN)]


async def test_refund_that_is_made_after_its_plan_was_tried_again_is_booked_beside_the_other(session: Session) -> None:
    plan = await _planned(session)
    refunds = payment_deps.refunds(session, lambda: NOON)
    await refunds.execute_plan(plan)
    ((first,),) = await rows(session, "SELECT id FROM refunds")
    await _told(session, "failed", "rfnd_1")
    await refunds.retry_plan(plan, OURS, by="user:ada")

    for _ in range(2):
        told = give("processed", "rfnd_1", GIVEN, receipt=str(first))
        await payment_deps.gateway_facts(session, lambda: NOON).apply([told])
    await session.execute(CHECK)
    between = await rows(session, PLANS)
    await _told(session, "processed", "rfnd_2")

    assert between == [("executing",)]
    assert await rows(session, "SELECT plan_id, status FROM refunds ORDER BY id") == [(None, "processed"), (plan, "processed")]
    assert await rows(session, PLANS) == [("executed",)]
    assert await rows(session, "SELECT kind FROM cases ORDER BY kind") == [("refund_revived",), ("refund_undone",)]
    assert await balances(session) == {"gateway_receivable": TOTAL - 2 * GIVEN, "accounts_receivable": 2 * GIVEN - TOTAL}


async def test_refund_that_is_made_after_all_waits_for_the_one_that_leaves_no_room_for_it(session: Session) -> None:
    plan = await _planned(session, TOTAL)
    refunds = payment_deps.refunds(session, lambda: NOON)
    await refunds.execute_plan(plan)
    ((first,),) = await rows(session, "SELECT id FROM refunds")
    await _told(session, "failed", "rfnd_1", TOTAL)
    await refunds.retry_plan(plan, OURS, by="user:ada")

    made = give("processed", "rfnd_1", TOTAL, receipt=str(first))
    await payment_deps.gateway_facts(session, lambda: NOON).apply([made])
    await session.execute(CHECK)
    waiting = await rows(session, REFUNDS)
    await _told(session, "failed", "rfnd_2", TOTAL)
    await payment_deps.gateway_facts(session, lambda: NOON).apply([made])
    await session.execute(CHECK)

    assert waiting == [("failed", TOTAL), ("requested", TOTAL)]
    assert await rows(session, REFUNDS) == [("processed", TOTAL), ("failed", TOTAL)]
    assert await rows(session, PLANS) == [("executed",)]
    assert await balances(session) == {}
