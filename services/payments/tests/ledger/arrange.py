"""Postings as the tests of the ledger need them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.ledger.models import Account, Posting, credit, debit
from services.payments.ledger.repository import Ledger
from shared.runtime.db import ReadSession, Session

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
NOON: Final = datetime(2026, 2, 10, 12, tzinfo=UTC)


def capture(
    source_id: str = "1", amount_minor: int = 11800, *, at: datetime = NOON, organization_id: UUID = OURS, currency: str = "INR"
) -> Posting:
    """A payment that a gateway has captured for us."""
    entries = (
        debit(Account.GATEWAY_RECEIVABLE, currency, amount_minor),
        credit(Account.ACCOUNTS_RECEIVABLE, currency, amount_minor),
    )
    return Posting(organization_id, "capture", source_id, at, f"Payment {source_id}", entries)


def invoice(source_id: str = "1", *, at: datetime = NOON, organization_id: UUID = OURS) -> Posting:
    """An invoice of 100 rupees with 18 % of tax within a state."""
    entries = (
        debit(Account.ACCOUNTS_RECEIVABLE, "INR", 11800),
        credit(Account.REVENUE, "INR", 10000),
        credit(Account.GST_OUTPUT_CGST, "INR", 900),
        credit(Account.GST_OUTPUT_SGST, "INR", 900),
        credit(Account.ROUND_OFF, "INR", 0),
    )
    return Posting(organization_id, "invoice", source_id, at, f"Invoice {source_id}", entries)


async def have(session: Session, *postings: Posting) -> None:
    """Post these, all of which must be new."""
    assert await Ledger(session).post(postings) == len(postings)


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


async def entries(session: ReadSession) -> Sequence[tuple[Any, ...]]:
    """(source, source_id, account, currency, amount) of all entries, in the order in which they were posted."""
    return await rows(
        session,
        "SELECT source, source_id, account, currency, amount_minor FROM ledger_entries"
        "  JOIN ledger_transactions ON ledger_transactions.id = transaction_id ORDER BY transaction_id, number",
    )
