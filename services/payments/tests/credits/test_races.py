"""Credit and money that pay the same at once: only what is still due is taken from the credit."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from services.payments import invoice_deps, payment_deps
from services.payments.credits.errors import NothingToUseCreditFor
from services.payments.tests.credits.arrange import have_credit
from services.payments.tests.invoices.arrange import CUSTOMER, OURS, issued, rows, seller
from services.payments.tests.payments.arrange import NOON
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.testing.locks import WAITING
from shared.testing.wait import eventually

TOTAL = 625_600
USED = "SELECT coalesce(-sum(amount_minor), 0)::bigint FROM customer_credits WHERE kind = 'apply'"
BOOKED = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entries WHERE account = 'customer_credit'"


async def _use(database: Database, invoice_id: UUID) -> None:
    async with database.unit_of_work() as session:
        credit = payment_deps.customer_credits(session, lambda: NOON)
        await credit.use(CUSTOMER, OURS, "INR", order_id=None, invoice_id=invoice_id, at_most_minor=None)


@pytest.mark.commits
@pytest.mark.parametrize("left", [0, 25_600])
async def test_credit_pays_what_an_invoice_asks_for_once_money_has_come_for_it(app_database: Database, left: int) -> None:
    async with app_database.unit_of_work() as session:
        await seller(session)
        invoice = await issued(session)
        await have_credit(session, CUSTOMER, TOTAL)

    async with app_database.unit_of_work() as session:
        await invoice_deps.invoice_payments(session).apply(invoice.id, TOTAL - left, uuid7(), NOON)
        using = asyncio.create_task(_use(app_database, invoice.id))
        await eventually(lambda: session.scalar(text(WAITING)), message="nobody waits")
    if left:
        await using
    else:
        with pytest.raises(NothingToUseCreditFor):
            await using

    async with app_database.read() as session:
        assert (await rows(session, USED), await rows(session, BOOKED)) == ([(left,)], [(left,)])
        assert await rows(session, "SELECT balance_minor FROM invoices") == [(0,)]
