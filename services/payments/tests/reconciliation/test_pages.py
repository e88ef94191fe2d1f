"""Reports of more than a page, and runs that are stopped in the middle of them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from services.payments.tests.gateways import wire
from services.payments.tests.payments.arrange import rows
from shared.contracts.payments import AdvanceReconciliation, ReconcilePayments
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, published
from shared.testing.scripted_api import ScriptedApi

DAY: Final = datetime.fromtimestamp(wire.AT, UTC).date()
NOTHING: Final = (200, wire.collection())


def item(number: int, **changed: Any) -> dict[str, Any]:
    """A correction by Razorpay itself, which is about no payment; its notes are a text."""
    usual = {
        "entity_id": f"adj_{number:04}",
        "type": "adjustment",
        "debit": 0,
        "credit": 100,
        "amount": 100,
        "currency": "INR",
        "fee": 0,
        "tax": 0,
        "on_hold": False,
        "settled": True,
        "created_at": wire.AT,
        "settled_at": wire.AT,
        "settlement_id": "setl_1",
        "settlement_utr": "UTR1",
        "posted_at": None,
        "description": "Correction",
        "notes": '{"why": "rounding"}',
        "payment_id": None,
        "order_id": None,
        "order_receipt": None,
        "dispute_id": None,
        "method": None,
    }
    return {**usual, **changed}


@pytest.fixture
def api(scripted_gateway: ScriptedApi) -> ScriptedApi:
    """Razorpay, as it has 1,001 items on a day; the second page fails at first."""
    settlement = {"id": "setl_1", "amount": 100_100, "status": "processed", "fees": 0, "tax": 0, "utr": "UTR1"}
    for status, body in (
        *(NOTHING, NOTHING, NOTHING),
        (200, wire.collection(*(item(number) for number in range(1000)))),
        (503, {}),
        (200, wire.collection(item(1000, notes=[]))),
        (200, {**settlement, "created_at": wire.AT}),
    ):
        scripted_gateway.say(status, body)
    return scripted_gateway


async def go_on(
    session: Session, run_task: TaskRunner, done: Sequence[AdvanceReconciliation] = ()
) -> list[AdvanceReconciliation]:
    """Hand over pages until there are no more, or one has to be asked for again, which is the last one then."""
    handed = list(done)
    while waiting := [one for one in await published(session, AdvanceReconciliation) if one not in handed]:
        handed += waiting
        if [one.outcome for one in await run_task.run(waiting)] != ["done"]:
            break
    return handed


@pytest.mark.usefixtures("settings_of_the_process")
async def test_1001_items_come_in_two_pages_and_a_run_that_was_stopped_goes_on_at_the_second(
    api: ScriptedApi, session: Session, run_task: TaskRunner
) -> None:
    asked = ReconcilePayments(slot=datetime.fromtimestamp(wire.AT, UTC) + timedelta(days=1), day=DAY, account="razorpay")
    await run_task(asked)
    pages = await go_on(session, run_task)
    stopped = await rows(session, "SELECT stage, cursor, state, error IS NULL FROM recon_runs")
    again = await run_task(pages[-1])
    rest = await go_on(session, run_task, pages)

    assert (stopped, again.outcome) == ([("items", "1000", "running", False)], "done")
    asked_for = [line.split("skip=")[1] for line, _, _ in api.requests if "recon/combined" in line]
    assert asked_for == ["0 HTTP/1.1", "1000 HTTP/1.1", "1000 HTTP/1.1"]
    query = "SELECT count(*), min(class), max(class), count(*) FILTER (WHERE notes = '{}') FROM recon_items"
    assert await rows(session, query) == [(1001, "settled_not_posted", "settled_not_posted", 1)]
    ((notes,),) = await rows(session, "SELECT DISTINCT notes FROM recon_items WHERE notes <> '{}'")
    assert json.loads(notes["notes"]) == {"why": "rounding"}
    assert await rows(session, "SELECT account, sum(amount_minor)::bigint FROM ledger_entries GROUP BY 1 ORDER BY 1") == [
        ("bank", 100_100),
        ("suspense", -100_100),
    ]
    assert await rows(session, "SELECT state, posted, fetched FROM recon_runs") == [
        ("finished", 1001, {"payments": 0, "refunds": 0, "disputes": 0, "items": 1001, "lookups": 1})
    ]
    assert await rows(session, "SELECT amount_minor, difference_minor, utr FROM settlements") == [(100_100, 0, "UTR1")]
    assert len(await published(session, AdvanceReconciliation)) == len(rest)


@pytest.mark.usefixtures("settings_of_the_process")
async def test_account_whose_key_is_refused_fails_its_run_and_says_so(
    scripted_gateway: ScriptedApi, session: Session, run_task: TaskRunner
) -> None:
    scripted_gateway.say(401, {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}})

    await run_task(ReconcilePayments(slot=datetime.fromtimestamp(wire.AT, UTC), account="razorpay"))
    (page,) = await published(session, AdvanceReconciliation)
    handled = await run_task(page)

    assert handled.outcome == "dead"
    ((state, error),) = await rows(session, "SELECT state, error FROM recon_runs")
    assert (state, "key" in error) == ("failed", True)
