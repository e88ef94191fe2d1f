"""Disputes: somebody hears of them in time, and what a bank gives back is not given back by us as well."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.payments import payment_deps
from services.payments.gateways.facts import DisputeFact, DisputeStatus
from services.payments.payments.telling import Told
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
from shared.testing.messages import TaskRunner, assert_nothing_published, published
from shared.testing.service import ApiClient

PLAN: Final = text("INSERT INTO refund_plans VALUES (:id, :order, :sum, 'INR', '[]', 0, :sum, :sum, 'planned', :at, 'ann')")
PLANS: Final = "SELECT status FROM refund_plans ORDER BY id"
CASES: Final = "SELECT kind, entity_id, state, resolution, details ->> 'respond_by' FROM cases ORDER BY opened_at, id"
DUE: Final = NOON + timedelta(days=7)


def dispute(status: str, *, amount: int = TOTAL, currency: str = "INR", deducted: int | None = None) -> Told:
    """What Razorpay says of a dispute of pay_1. deducted: None for all of it."""
    taken = amount if deducted is None else deducted
    return Told(
        "razorpay",
        DisputeFact("razorpay", "disp_1", "pay_1", DisputeStatus(status), amount, currency, taken, "fraud", DUE, NOON),
    )


async def apply(session: Session, *told: Told) -> None:
    await payment_deps.gateway_facts(session, lambda: NOON).apply(told)
    await session.execute(CHECK)


async def have_paid(session: Session) -> UUID:
    """An order that was paid at the gateway."""
    customer = await have_customer(session)
    order = await have_order(session, customer)
    await have_payment(session, order, customer)
    await apply(session, pay("captured"))
    return order


async def have_cancelled(session: Session, order: UUID, sum_minor: int = TOTAL) -> UUID:
    """What a cancellation of the order is to give back."""
    plan = uuid7()
    await session.execute(PLAN, {"id": plan, "order": order, "sum": sum_minor, "at": NOON})
    return plan


async def carry_out(run_task: TaskRunner, plan: UUID) -> list[Any]:
    return [(await run_task(ExecuteRefundPlan(plan_id=plan))).outcome for _ in range(2)]


async def test_open_dispute_is_a_case_that_names_the_day_until_which_evidence_is_wanted(session: Session) -> None:
    await have_paid(session)

    for _ in range(2):
        await apply(session, dispute("open"))
    opened = await rows(session, CASES)
    await apply(session, dispute("under_review"), dispute("open"))
    under_review = await rows(session, CASES)
    await apply(session, dispute("won"), dispute("open"))

    assert opened == under_review == [("dispute_open", "disp_1", "open", None, DUE.isoformat())]
    assert await rows(session, CASES) == [("dispute_open", "disp_1", "resolved", "settled_itself", DUE.isoformat())]


async def test_dispute_that_is_decided_when_it_is_first_told_of_opens_no_case(session: Session) -> None:
    await have_paid(session)

    await apply(session, dispute("lost"), dispute("open"))

    assert await rows(session, CASES) == []


@pytest.mark.parametrize(("decided", "deducted"), [("won", TOTAL), ("closed", 0)])
async def test_what_a_cancellation_gives_back_waits_for_the_bank_and_goes_out_once_it_is_ours(
    session: Session, run_task: TaskRunner, decided: str, deducted: int
) -> None:
    plan = await have_cancelled(session, await have_paid(session))
    await apply(session, dispute("open", deducted=deducted))
    waiting = await carry_out(run_task, plan), await rows(session, PLANS)
    await assert_nothing_published(session, ExecuteRefund)

    for _ in range(2):
        await apply(session, dispute(decided, deducted=deducted))
    asked = await published(session, ExecuteRefundPlan)
    for message in asked:
        await run_task(message)

    assert waiting == (["done", "done"], [("executing",)])
    assert [one.plan_id for one in asked] == [plan]
    assert await rows(session, "SELECT status, amount_minor, plan_id FROM refunds") == [("requested", TOTAL, plan)]


async def test_what_a_bank_has_disputed_of_a_payment_goes_out_after_the_rest_of_it(
    session: Session, run_task: TaskRunner
) -> None:
    plan = await have_cancelled(session, await have_paid(session))
    await apply(session, dispute("open", amount=4000))
    await carry_out(run_task, plan)
    before = await rows(session, "SELECT status, amount_minor FROM refunds ORDER BY id")

    await apply(session, dispute("won", amount=4000))
    await carry_out(run_task, plan)

    assert before == [("requested", TOTAL - 4000)]
    assert await rows(session, "SELECT status, amount_minor FROM refunds ORDER BY id") == [*before, ("requested", 4000)]


@pytest.mark.parametrize("first", ["cancelled", "lost"])
async def test_what_a_lost_dispute_has_given_back_is_not_given_back_by_the_cancellation_as_well(
    session: Session, run_task: TaskRunner, first: str
) -> None:
    order = await have_paid(session)
    await apply(session, dispute("open"))
    if first == "cancelled":
        plan = await have_cancelled(session, order)
        await carry_out(run_task, plan)
        await apply(session, dispute("lost"))
    else:
        await apply(session, dispute("lost"))
        plan = await have_cancelled(session, order)

    outcomes = await carry_out(run_task, plan)
    await session.execute(CHECK)

    assert (outcomes, await rows(session, PLANS)) == (["done", "done"], [("executed",)])
    assert await rows(session, "SELECT count(*)::int FROM refunds") == [(0,)]
    assert await rows(session, "SELECT refunded_minor FROM orders") == [(TOTAL,)]
    # The customer has the money, by another way than was planned: neither a loss nor a debt.
    assert await balances(session) == {}


async def test_what_is_cancelled_bit_by_bit_uses_a_lost_dispute_up_once(session: Session, run_task: TaskRunner) -> None:
    order = await have_paid(session)
    await apply(session, give("processed", amount=1800), dispute("lost", amount=6000))

    for sum_minor in (4000, 5000):
        await carry_out(run_task, await have_cancelled(session, order, sum_minor))
    ((refund, given),) = await rows(session, "SELECT id, amount_minor FROM refunds WHERE plan_id IS NOT NULL")
    await apply(session, give("processed", "rfnd_2", given, receipt=str(refund)))

    assert given == 3000
    assert await rows(session, PLANS) == [("executed",), ("executed",)]
    assert "dispute_losses" not in await balances(session)


async def test_dispute_that_is_won_after_a_cancellation_has_counted_on_it_is_a_case(
    session: Session, run_task: TaskRunner
) -> None:
    order = await have_paid(session)
    await apply(session, dispute("lost"))
    await carry_out(run_task, await have_cancelled(session, order))

    await apply(session, dispute("won"))

    assert await rows(session, "SELECT kind, entity_id, state FROM cases") == [("refund_undone", "disp_1", "open")]


async def test_case_of_a_dispute_is_the_organizations_own(client: ApiClient, session: Session) -> None:
    await have_paid(session)
    await apply(session, dispute("open"))

    ours = await client.as_role("viewer", organization_id=OURS).get("/v1/cases")
    theirs = await client.as_role("viewer", organization_id=uuid4()).get("/v1/cases")

    assert ([one["kind"] for one in ours.json()["items"]], theirs.json()["items"]) == (["dispute_open"], [])
