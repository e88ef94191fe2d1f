"""The daily check."""

import logging

import asyncpg
import pytest

from services.payments.ledger import check
from services.payments.schedules import ENTRIES
from services.payments.tests.ledger.arrange import OURS, THEIRS, capture, have, invoice
from shared.contracts.payments import CheckLedger, RefreshLedgerBalances
from shared.runtime.db import Database, Session
from shared.testing.messages import TaskRunner

BREAK = """
    ALTER TABLE ledger_entries DISABLE TRIGGER USER;
    UPDATE ledger_entries SET amount_minor = amount_minor + 1 WHERE account = 'gateway_receivable';
    ALTER TABLE ledger_entries ENABLE TRIGGER USER;
"""


async def test_sound_ledger_is_found_sound_twice(run_task: TaskRunner, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "TRANSACTIONS_PER_SLICE", 2)
    monkeypatch.setattr(check, "ORGANIZATIONS_PER_SLICE", 1)
    await have(session, capture("1"), capture("2", organization_id=THEIRS), invoice("1"))
    await run_task(RefreshLedgerBalances())

    for _ in range(2):
        handled = await run_task(CheckLedger())
        assert (handled.outcome, handled.result) == ("done", {"transactions": 3, "entries": 8, "organizations": 2})


async def test_empty_ledger_is_sound(run_task: TaskRunner) -> None:
    assert (await run_task(CheckLedger())).result == {"transactions": 0, "entries": 0, "organizations": 0}


@pytest.mark.commits
async def test_transaction_that_does_not_balance_is_a_dead_letter_that_names_it(
    run_task: TaskRunner, database: Database, owner: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async with database.unit_of_work() as session:
        await have(session, capture("1"), invoice("1"))
    await owner.execute(BREAK)
    broken = await owner.fetchval("SELECT id FROM ledger_transactions WHERE source = 'capture'")

    with caplog.at_level(logging.ERROR):
        handled = await run_task(CheckLedger())

    assert (handled.outcome, handled.error_class) == ("dead", "LedgerOutOfBalance")
    assert handled.error == (
        f"1 transactions do not balance ({broken}) and 0 kept balances are not what the entries sum to;"
        " docs/services/payments-ledger.md says what to do"
    )
    record, *_ = [record for record in caplog.records if record.message == "ledger_out_of_balance"]
    assert (record.__dict__["named"], record.__dict__["checkpoints"]) == ([str(broken)], 0)
    assert await owner.fetchval("SELECT count(*) FROM dead_letters WHERE status = 'open'") == 1


@pytest.mark.commits
async def test_wrong_checkpoint_is_found_and_healed_by_a_rebuild(
    run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    async with database.unit_of_work() as session:
        await have(session, capture("1"), capture("2", organization_id=THEIRS))
    assert (await run_task(RefreshLedgerBalances())).result == {"made": 4}
    await owner.execute("UPDATE ledger_checkpoints SET balance_minor = 1 WHERE organization_id = $1", OURS)
    stray = "INSERT INTO ledger_checkpoints VALUES ($1, 'cash', 'INR', '2020-01-01Z', 0)"
    await owner.execute(stray, THEIRS)

    handled = await run_task(CheckLedger())

    assert handled.outcome == "dead"
    assert "0 transactions do not balance (none) and 3 kept balances" in (handled.error or "")
    await run_task(RefreshLedgerBalances(from_scratch=True))
    assert (await run_task(CheckLedger())).outcome == "done"


def test_ledger_is_checked_daily_after_its_balances_were_kept() -> None:
    at = {type(entry.message): entry.crontab.split()[:2] for entry in ENTRIES}

    assert at[RefreshLedgerBalances] == ["45", "2"]
    assert at[CheckLedger] == ["15", "3"]
