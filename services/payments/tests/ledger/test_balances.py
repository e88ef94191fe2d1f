"""Balances, with and without checkpoints."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.payments.ledger.balance_repository import BalanceReader
from services.payments.ledger.check import LedgerCheck
from services.payments.ledger.check_repository import CheckReader
from services.payments.ledger.checkpoint_repository import CheckpointRepository
from services.payments.ledger.models import Account, AccountBalance, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from services.payments.tests.ledger.arrange import OURS, THEIRS, capture, have, invoice, rows
from shared.contracts.payments import RefreshLedgerBalances
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


AMOUNTS = st.lists(
    st.tuples(st.sampled_from(Account), st.sampled_from(["INR", "USD"]), st.integers(-(10**9), 10**9)), min_size=1, max_size=4
)
HAPPENINGS = st.lists(
    st.just("refresh") | st.lists(st.tuples(st.integers(0, 540 * 1440), AMOUNTS), min_size=1, max_size=15), max_size=8
)


def posting_of(minute: int, amounts: list[tuple[Account, str, int]], organization_id: UUID) -> Posting:
    """Debits of these accounts, and a credit of the bank in each currency for what they come to."""
    debits = [debit(*amount) for amount in amounts]
    credits_ = [
        credit(Account.BANK, name, sum(one.amount_minor for one in debits if one.currency == name)) for name in ("INR", "USD")
    ]
    at = NEW_YEAR + timedelta(minutes=minute)
    return Posting(organization_id, "anything", str(uuid7()), at, "-", (*debits, *credits_))


def summed(postings: list[Posting], before: datetime) -> list[AccountBalance]:
    """What the balances must be, worked out without a database."""
    sums: Counter[tuple[str, Account]] = Counter()
    for posting in postings:
        for entry in posting.written if posting.occurred_at < before else ():
            sums[entry.currency, entry.account] += entry.amount_minor
    return [AccountBalance(*key, amount) for key, amount in sorted(sums.items())]


async def refresh(session: Session, *, from_scratch: bool = False) -> int:
    return await CheckpointRepository(session).refresh(from_scratch=from_scratch)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=HAPPENINGS, days=st.integers(0, 600))
async def test_whatever_is_posted_balances_at_every_moment_with_checkpoints_and_without(
    session: Session, story: list[str | list[tuple[int, list[tuple[Account, str, int]]]]], days: int
) -> None:
    organization_id, postings = uuid7(), list[Posting]()
    reader, moment = BalanceReader(session), NEW_YEAR + timedelta(days=days)

    for happening in story:
        if isinstance(happening, str):
            await refresh(session)
        else:
            new = [posting_of(minute, amounts, organization_id) for minute, amounts in happening]
            await Ledger(session).post(new)
            postings += new
        found = await reader.balances(organization_id, before=moment)
        assert found == summed(postings, moment)
        assert [sum(one.balance_minor for one in found if one.currency == name) for name in ("INR", "USD")] == [0, 0]

    # What a commit would check.
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert await LedgerCheck(CheckReader(session)).run() != {}


async def test_balances_are_of_one_organization_and_of_entries_before_the_moment(session: Session) -> None:
    noon = datetime(2026, 2, 10, 12, tzinfo=UTC)
    await have(
        session, capture("1", 5, at=noon), capture("2", 7, organization_id=THEIRS, at=noon), capture("3", 3, currency="USD")
    )
    reader = BalanceReader(session)

    assert await reader.balances(OURS, before=noon) == []
    just_after = await reader.balances(OURS, before=noon + timedelta(microseconds=1), currency="INR")
    assert just_after == [
        AccountBalance("INR", Account.ACCOUNTS_RECEIVABLE, -5),
        AccountBalance("INR", Account.GATEWAY_RECEIVABLE, 5),
    ]
    assert {one.currency for one in await reader.balances(OURS)} == {"INR", "USD"}


async def test_refreshing_twice_makes_nothing_more_and_from_scratch_makes_the_same(
    run_task: TaskRunner, session: Session
) -> None:
    # Three months are over; the month that is still on has no checkpoint.
    await have(session, *(invoice(str(month), at=datetime(2026, month, 3, tzinfo=UTC)) for month in (1, 2, 4)))
    await have(session, invoice("now", at=datetime.now(UTC)))
    kept = "SELECT before, account, balance_minor FROM ledger_checkpoints ORDER BY before, account"

    first = await run_task(RefreshLedgerBalances())
    made = await rows(session, kept)
    again = await run_task(RefreshLedgerBalances())
    anew = await run_task(RefreshLedgerBalances(from_scratch=True))

    assert [one.result for one in (first, again, anew)] == [{"made": 12}, {"made": 0}, {"made": 12}]
    assert await rows(session, kept) == made
    assert [row[1:] for row in made if row[0] == datetime(2026, 5, 1, tzinfo=UTC)] == [
        ("accounts_receivable", 35400),
        ("gst_output_cgst", -2700),
        ("gst_output_sgst", -2700),
        ("revenue", -30000),
    ]
    assert {row[0].date().isoformat() for row in made} == {"2026-02-01", "2026-03-01", "2026-05-01"}


async def test_posting_for_an_earlier_month_takes_away_the_checkpoints_after_it_alone(session: Session) -> None:
    await have(session, *(invoice(str(month), at=datetime(2026, month, 3, tzinfo=UTC)) for month in (1, 2, 4)))
    await refresh(session)

    await have(session, capture("late", 100, at=datetime(2026, 2, 20, tzinfo=UTC)))

    left = await rows(session, "SELECT account, count(*) FROM ledger_checkpoints GROUP BY account ORDER BY account")
    assert left == [("accounts_receivable", 1), ("gst_output_cgst", 3), ("gst_output_sgst", 3), ("revenue", 3)]
    assert await refresh(session) == 2 + 1


@pytest.mark.commits
async def test_checkpoints_that_are_made_beside_late_postings_are_right(database: Database, owner: asyncpg.Connection) -> None:
    postings = [capture(str(number), number + 1, at=NEW_YEAR + timedelta(days=9 * number)) for number in range(60)]

    async def post(part: list[Posting]) -> None:
        for posting in part:
            async with database.unit_of_work() as session:
                await Ledger(session).post([posting])

    async def keep() -> None:
        for _ in range(10):
            async with database.unit_of_work() as session:
                await refresh(session)

    await asyncio.gather(post(postings[::2]), post(postings[1::2]), keep())

    async with database.read() as session:
        for days in (45, 300, 600):
            moment = NEW_YEAR + timedelta(days=days)
            assert await BalanceReader(session).balances(OURS, before=moment) == summed(postings, moment)
    # The last postings may have taken away all that was kept beside them.
    await keep()
    assert await owner.fetchval("SELECT count(*) FROM ledger_checkpoints") > 0
