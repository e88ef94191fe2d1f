"""A dispute about a payment that nobody knows is a case, and the payment's as soon as it is known."""

from datetime import timedelta
from typing import Final

from services.payments.tests.disputes.test_disputes import apply, dispute
from services.payments.tests.payments.arrange import NOON, have_customer, have_order, have_payment, pay, rows
from shared.contracts.payments import ResolveUnknownPayments
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

CASES: Final = "SELECT kind, entity_id, state, details ->> 'disputed_minor' FROM cases ORDER BY opened_at, id"
DISPUTED: Final = "SELECT status, disputes.payment_id = payments.id FROM payments, disputes"


async def _look(run_task: TaskRunner, minutes: int) -> None:
    slot = NOON + timedelta(minutes=minutes)
    assert (await run_task(ResolveUnknownPayments(slot=slot), occurred_at=slot)).outcome == "done"


async def test_dispute_of_an_unknown_payment_is_a_case_after_an_hour_and_only_once(
    session: Session, run_task: TaskRunner
) -> None:
    await apply(session, dispute("open", amount=5000))

    await _look(run_task, 59)
    early = await rows(session, CASES)
    for minutes in (60, 65, 600):
        await _look(run_task, minutes)

    assert early == []
    assert await rows(session, CASES) == [("dispute_unseen", "disp_1", "open", "5000")]


async def test_dispute_is_its_payments_once_that_is_known(session: Session, run_task: TaskRunner) -> None:
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)

    await apply(session, dispute("open"))
    await apply(session, pay("captured"))
    await _look(run_task, 60)

    assert await rows(session, DISPUTED) == [("disputed", True)]
    assert [row[0] for row in await rows(session, CASES)] == ["dispute_open"]


async def test_dispute_that_came_beside_its_payment_is_given_to_it_later(session: Session, run_task: TaskRunner) -> None:
    customer = await have_customer(session)
    await have_payment(session, await have_order(session, customer), customer)
    await apply(session, pay("captured"))
    # As if both had been told at the same moment, and neither transaction had seen the other.
    await apply(session, dispute("open"))
    await rows(session, "UPDATE disputes SET payment_id = NULL, organization_id = NULL RETURNING 1")

    await _look(run_task, 60)

    assert await rows(session, DISPUTED) == [("disputed", True)]
    assert [row[0] for row in await rows(session, CASES)] == ["dispute_open"]
