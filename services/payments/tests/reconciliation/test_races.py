"""Two runs of one account at once, on a database that truly commits."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest

from services.payments import reconciliation_deps as deps
from services.payments.gateways.facts import SettlementFact, SettlementItem
from services.payments.reconciliation.models import AccountKey, Place, Run, Span
from services.payments.reconciliation.run_repository import RunRepository
from services.payments.settlements.repository import SettlementRepository
from services.payments.settlements.telling import item_news, settlement_news
from services.payments.tests.payments.arrange import rows
from shared.runtime.db import Database

AT: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY: Final = date(2026, 3, 2)
SPAN: Final = Span(AT - timedelta(days=3), AT, DAY, DAY)
SETTLEMENT: Final = SettlementFact("razorpay", "setl_1", "processed", 600, "INR", 0, 0, "UTR1", AT)


def adjustment(number: int) -> SettlementItem:
    """A hundred paise that belong to nobody."""
    return SettlementItem(
        gateway="razorpay",
        entity_id=f"adj_{number}",
        kind="adjustment",
        amount_minor=100,
        currency="INR",
        credit_minor=100,
        debit_minor=0,
        fee_minor=0,
        tax_minor=0,
        on_hold=False,
        settled=True,
        created_at=AT,
        settled_at=AT,
        posted_at=None,
        settlement_id="setl_1",
        utr="UTR1",
        payment_id=None,
        order_id=None,
        order_receipt=None,
        dispute_id=None,
        method=None,
        description=None,
        notes={},
    )


async def begun(database: Database) -> Run:
    """A run that has read everything."""
    async with database.unit_of_work() as session:
        runs, run_id = RunRepository(session), uuid4()
        await runs.begin(run_id, uuid4(), AccountKey("razorpay", "razorpay", None), SPAN, AT, "test")
        run = await runs.lock(run_id)
        assert run is not None
        await runs.move(run, Place("compare"))
        return run


@pytest.mark.commits
async def test_two_runs_at_once_post_each_item_once_and_open_one_case_of_each(app_database: Database) -> None:
    first, second = await begun(app_database), await begun(app_database)
    async with app_database.unit_of_work() as session:
        settlements = SettlementRepository(session)
        await settlements.put_items(first, DAY, item_news("razorpay", [adjustment(number) for number in range(5)]), AT)
        await settlements.put(first, [settlement_news("razorpay", SETTLEMENT)], "Asia/Kolkata", AT)

    async def finish(run_id: UUID) -> None:
        async with app_database.unit_of_work() as session:
            run = await RunRepository(session).lock(run_id)
            assert run is not None
            await deps.comparing(session).compare(run, AT)
        posted: int | None = 0
        while posted is not None:
            async with app_database.unit_of_work() as session:
                posted = await deps.comparing(session).post(run)

    await asyncio.gather(finish(first.id), finish(second.id), finish(first.id))

    async with app_database.read() as reading:
        kinds = "SELECT kind, count(*), count(DISTINCT entity_id) FROM cases WHERE state = 'open' GROUP BY kind ORDER BY kind"
        assert await rows(reading, kinds) == [("amount_mismatch", 1, 1), ("settled_not_posted", 5, 5)]
        entries = "SELECT account, sum(amount_minor)::bigint, count(*) FROM ledger_entries GROUP BY account ORDER BY account"
        assert await rows(reading, entries) == [("bank", 600, 6), ("suspense", -600, 6)]
        assert await rows(reading, "SELECT DISTINCT action FROM case_changes") == [("opened",)]
