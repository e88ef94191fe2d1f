"""Posting and reversing."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.payments.ledger.errors import NothingToReverse
from services.payments.ledger.models import Account, Entry, Posting, Reversal, credit, debit
from services.payments.ledger.repository import Ledger
from services.payments.tests.ledger.arrange import NOON, OURS, capture, entries, invoice, rows
from shared.runtime.db import Database, Session


async def test_transactions_are_written_with_their_entries(session: Session) -> None:
    assert await Ledger(session).post([invoice("7"), capture("a", 11800)]) == 2

    assert await entries(session) == [
        ("invoice", "7", "accounts_receivable", "INR", 11800),
        ("invoice", "7", "revenue", "INR", -10000),
        ("invoice", "7", "gst_output_cgst", "INR", -900),
        ("invoice", "7", "gst_output_sgst", "INR", -900),
        ("capture", "a", "gateway_receivable", "INR", 11800),
        ("capture", "a", "accounts_receivable", "INR", -11800),
    ]
    assert await rows(session, "SELECT DISTINCT organization_id, occurred_at FROM ledger_entries") == [(OURS, NOON)]


async def test_same_source_posted_twice_is_posted_once(session: Session) -> None:
    ledger = Ledger(session)
    await ledger.post([capture("a", 100)])
    before = await entries(session)

    assert await ledger.post([capture("a", 100), capture("a", 999)]) == 0
    assert await entries(session) == before
    assert await ledger.post([capture("b", 5), capture("a", 100), capture("b", 5)]) == 1


async def test_what_has_no_amount_posts_nothing(session: Session) -> None:
    assert await Ledger(session).post([]) == 0
    assert await Ledger(session).post([capture("free", 0)]) == 0
    assert await rows(session, "SELECT count(*) FROM ledger_transactions") == [(0,)]


def test_posting_that_is_out_of_balance_cannot_be_made() -> None:
    one, other = debit(Account.BANK, "INR", 100), credit(Account.CASH, "INR", 99)

    with pytest.raises(ValueError, match=r"out of balance by \{'INR': 1\}"):
        Posting(OURS, "capture", "1", NOON, "-", (one, other))
    with pytest.raises(ValueError, match="out of balance"):
        Posting(OURS, "capture", "1", NOON, "-", (one, credit(Account.CASH, "USD", 100)))


async def test_reversal_undoes_every_entry_once(session: Session) -> None:
    ledger = Ledger(session)
    await ledger.post([invoice("7")])
    later = NOON + timedelta(days=1)
    note = Reversal("credit_note", "n1", ("invoice", "7"), later, "Credit note n1")

    assert await ledger.reverse([note]) == 1
    assert [await ledger.reverse([again]) for again in (note, Reversal("void", "7", ("invoice", "7"), later, "-"))] == [0, 0]

    assert (await entries(session))[4:] == [
        ("credit_note", "n1", "accounts_receivable", "INR", -11800),
        ("credit_note", "n1", "revenue", "INR", 10000),
        ("credit_note", "n1", "gst_output_cgst", "INR", 900),
        ("credit_note", "n1", "gst_output_sgst", "INR", 900),
    ]
    linked = "SELECT reversing.occurred_at, reversed.source FROM ledger_transactions AS reversing"
    assert await rows(session, f"{linked} JOIN ledger_transactions AS reversed ON reversed.id = reversing.reverses") == [
        (later, "invoice")
    ]


async def test_what_was_never_posted_cannot_be_reversed(session: Session) -> None:
    with pytest.raises(NothingToReverse):
        await Ledger(session).reverse([Reversal("refund_failed", "1", ("refund", "1"), NOON, "-")])
    assert await rows(session, "SELECT count(*) FROM ledger_transactions") == [(0,)]


@pytest.mark.commits
async def test_unbalanced_transactions_are_refused_at_the_commit(database: Database, owner: asyncpg.Connection) -> None:
    # Past the check in Python, as a faulty statement would be.
    broken = capture("broken", 100)
    object.__setattr__(broken, "entries", (Entry(Account.BANK, "INR", 100), Entry(Account.CASH, "INR", -99)))
    lonely = capture("lonely", 100)
    object.__setattr__(lonely, "entries", (Entry(Account.BANK, "INR", 100),))

    for posting in (broken, lonely):
        with pytest.raises(DBAPIError, match="out of balance"):
            async with database.unit_of_work() as session:
                assert await Ledger(session).post([capture("sound"), posting]) == 2

    assert await owner.fetchval("SELECT count(*) FROM ledger_transactions") == 0


@pytest.mark.commits
async def test_what_is_posted_cannot_be_changed_in_any_way(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        await Ledger(session).post([capture("a", 100)])
    before = await owner.fetch("SELECT * FROM ledger_entries, ledger_transactions")

    for attempt in (
        "UPDATE ledger_entries SET amount_minor = 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
        "UPDATE ledger_transactions SET description = '-'",
        "DELETE FROM ledger_transactions",
        "TRUNCATE ledger_transactions CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="is undone by a posting of its own"):
            await owner.execute(attempt)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="out of balance"):
        await owner.execute(
            "INSERT INTO ledger_entries SELECT transaction_id, 3, organization_id, occurred_at, account, currency, 1"
            "  FROM ledger_entries WHERE number = 1"
        )

    assert await owner.fetch("SELECT * FROM ledger_entries, ledger_transactions") == before


@pytest.mark.commits
async def test_two_that_post_the_same_at_once_post_it_once(database: Database, owner: asyncpg.Connection) -> None:
    async def post(*names: str) -> int:
        async with database.unit_of_work() as session:
            return await Ledger(session).post([capture(name, 100) for name in names])

    counts = await asyncio.gather(*(post("a", "b", "c") for _ in range(3)), post("c", "b", "a"))

    assert sum(counts) == 3
    assert await owner.fetchval("SELECT count(*) FROM ledger_entries") == 6


@pytest.mark.parametrize(
    "values",
    [
        "transaction_id, number + 2, organization_id, occurred_at, 'petty_cash', currency, amount_minor",
        "transaction_id, number + 2, organization_id, occurred_at, account, 'inr', amount_minor",
        "transaction_id, number + 2, organization_id, occurred_at, account, currency, 0",
        "transaction_id, number - 2, organization_id, occurred_at, account, currency, amount_minor",
        "transaction_id, number + 2, organization_id, now(), account, currency, amount_minor",
        "transaction_id, number + 2, gen_random_uuid(), occurred_at, account, currency, amount_minor",
    ],
)
async def test_database_refuses_entries_that_cannot_be(session: Session, values: str) -> None:
    await Ledger(session).post([capture("a", 100)])

    with pytest.raises(DBAPIError, match=r"violates (check|foreign key) constraint"):
        async with session.begin_nested():
            await session.execute(text(f"INSERT INTO ledger_entries SELECT {values} FROM ledger_entries"))  # noqa: S608 - our own
