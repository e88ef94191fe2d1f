"""Disputes of which nothing proves whose the money is: they are cases, and nothing is counted or given back meanwhile."""

from typing import Any, Final

import pytest
from sqlalchemy import text

from services.payments.tests.disputes.test_disputes import apply, carry_out, dispute, have_cancelled, have_paid
from services.payments.tests.payments.arrange import TOTAL, balances, rows
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner

CASES: Final = "SELECT kind, entity_id, state FROM cases ORDER BY kind"
PAYMENT: Final = "SELECT status, disputed_minor FROM payments"
RESOLVE: Final = text("""
    UPDATE cases SET state = 'resolved', resolution = 'accepted', resolved_at = now(), changed_by = 'user:ann',
                     version = version + 1
     WHERE kind = :kind
""")


def dollars(status: str) -> Any:
    return dispute(status, amount=100, currency="USD")


async def test_dispute_in_another_currency_counts_nowhere_and_is_a_case_that_shows_both_amounts(session: Session) -> None:
    await have_paid(session)
    before = await balances(session)

    for status in ("open", "open", "lost"):
        await apply(session, dollars(status))

    assert await rows(session, PAYMENT) == [("captured", 0)]
    assert await balances(session) == before
    assert await rows(session, CASES) == [("currency_mismatch", "disp_1", "open"), ("dispute_open", "disp_1", "resolved")]
    shown = "SELECT amount_minor, currency, details FROM cases WHERE kind = 'currency_mismatch'"
    both = {"theirs_minor": 100, "their_currency": "USD", "ours_minor": TOTAL, "our_currency": "INR"}
    ids = {"gateway_dispute_id": "disp_1", "gateway_payment_id": "pay_1"}
    assert await rows(session, shown) == [(TOTAL, "INR", {**ids, **both})]


async def test_case_about_another_currency_ends_once_the_dispute_is_won(session: Session) -> None:
    await have_paid(session)

    await apply(session, dollars("open"))
    await apply(session, dollars("won"))

    assert await rows(session, CASES) == [("currency_mismatch", "disp_1", "resolved"), ("dispute_open", "disp_1", "resolved")]


async def test_dispute_that_is_closed_with_our_money_is_a_case_until_it_is_decided_after_all(session: Session) -> None:
    await have_paid(session)

    await apply(session, dispute("open"))
    await apply(session, dispute("closed"))
    closed = await rows(session, CASES), await balances(session)
    await apply(session, dispute("lost"))

    assert closed[0] == [("dispute_open", "disp_1", "resolved"), ("dispute_unreturned", "disp_1", "open")]
    assert closed[1] == {"disputes": TOTAL, "accounts_receivable": -TOTAL}
    assert [row[2] for row in await rows(session, CASES)] == ["resolved", "resolved"]
    assert await balances(session) == {"dispute_losses": TOTAL, "accounts_receivable": -TOTAL}


@pytest.mark.parametrize(
    ("told", "kind"), [(dollars("lost"), "currency_mismatch"), (dispute("closed"), "dispute_unreturned")], ids=["lost", "closed"]
)
async def test_what_was_cancelled_is_not_given_back_before_a_person_has_said_who_has_it(
    session: Session, run_task: TaskRunner, told: Any, kind: str
) -> None:
    plan = await have_cancelled(session, await have_paid(session))
    await apply(session, told)

    before = await carry_out(run_task, plan)
    given = await rows(session, "SELECT count(*)::int FROM refunds")
    await session.execute(RESOLVE, {"kind": kind})
    after = await carry_out(run_task, plan)

    assert (before, given) == (["dead", "dead"], [(0,)])
    assert after == ["done", "done"]
    assert await rows(session, "SELECT status, amount_minor, plan_id FROM refunds") == [("requested", TOTAL, plan)]
