"""Fifty who issue at once, some of whom fail at the last moment: the numbers have no gap and no repetition."""

import asyncio
import random

import asyncpg
import pytest

from services.payments import invoice_deps as deps
from services.payments.tests.invoices.arrange import OURS, issued, of_trip, seller
from shared.runtime.db import Database

ISSUERS = 50


class RolledBack(Exception):
    """What makes an issuer fail after it has its number."""


@pytest.mark.commits
async def test_fifty_issuers_with_random_rollbacks_leave_no_gap(database: Database, owner: asyncpg.Connection) -> None:
    chance = random.Random(20260302)
    async with database.unit_of_work() as session:
        await seller(session)

    async def issue(*, fails: bool) -> str | None:
        try:
            async with database.unit_of_work() as session:
                invoice = await issued(session)
                if fails:
                    raise RolledBack
        except RolledBack:
            return None
        return invoice.number

    numbers = await asyncio.gather(*(issue(fails=chance.random() < 0.4) for _ in range(ISSUERS)))

    given = [number for number in numbers if number is not None]
    assert 10 < len(given) < ISSUERS - 10
    assert sorted(given) == [f"INV/2526/{sequence:05}" for sequence in range(1, len(given) + 1)]
    assert await owner.fetchval("SELECT count(*) FROM ledger_transactions") == len(given)
    assert await owner.fetchval("SELECT count(DISTINCT event_id) FROM outbox WHERE name = 'payments.invoice_issued'") == len(
        given
    )
    async with database.read() as reading:
        audit = await deps.number_audits(reading).prove()
    assert (audit.series, audit.documents, audit.unsound) == (1, len(given), ())


@pytest.mark.commits
async def test_one_trip_that_is_invoiced_by_many_at_once_has_one_invoice(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        await seller(session)

    async def issue() -> str | None:
        async with database.unit_of_work() as session:
            return (await issued(session, source=of_trip(OURS))).number

    assert set(await asyncio.gather(*(issue() for _ in range(8)))) == {"INV/2526/00001"}
    assert await owner.fetchval("SELECT count(*) FROM invoices") == 1
