"""Sellers, drafts and invoices as the tests of this service need them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments import invoice_deps as deps
from services.payments.invoices.models import DraftLine, Invoice, InvoiceDraft, Source
from services.payments.invoices.party_models import Buyer
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.writing_repository import Change
from services.payments.legal_entities.models import Address, BankAccount, LegalEntity
from services.payments.legal_entities.schemas import LegalEntityIn
from shared.runtime.db import ReadSession, Session
from shared.testing.clock import MONDAY_MORNING

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
CUSTOMER: Final = UUID("019a9f5e-0b00-7e21-b7c4-90ab12cd34ef")
GSTIN: Final = "27AAPFU0939F1ZV"
NOW: Final = Change(MONDAY_MORNING, "user:test")

PUNE: Final = Address(line1="14 MG Road", line2="Shivajinagar", city="Pune", postal_code="411005")
SELLER: Final = LegalEntityIn(
    name="Sahyadri Packaging LLP",
    address=PUNE,
    gstin=GSTIN,
    email="accounts@example.com",
    upi_id="sahyadri@icici",
    bank=BankAccount(
        account_name="Sahyadri Packaging LLP", account_number="000405112233", ifsc="ICIC0000004", bank_name="ICICI Bank"
    ),
    signatory="A. Kulkarni",
)
ASHA: Final = Buyer(
    name="Asha Rao Traders",
    address=Address(line1="7/2 Brigade Road", city="Bengaluru", postal_code="560025"),
    state_code="29",
    gstin="29AAGCB7383J1Z4",
    email="asha@example.com",
)
NEIGHBOUR: Final = Buyer(name="Ravi Patil", state_code="27")
BOXES: Final = DraftLine("Corrugated box, 5 ply", "48191010", 3, "NOS", 125050, 5000, 1800)
WRAP: Final = DraftLine("Bubble wrap roll", "39232100", 2, "NOS", 89900, 0, 500)
DRAFT: Final = InvoiceDraft(organization_id=OURS, buyer=ASHA, lines=[BOXES, WRAP], currency="INR", customer_id=CUSTOMER)
"""3,701.50 at 18 % and 1,798.00 at 5 % to another state: 5,499.50 and 756.17 of IGST, rounded to 6,256.00."""


def at(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


_KNOW: Final = text("""
    INSERT INTO customers (id, organization_id, name, locale, time_zone, created_at, updated_at)
    VALUES (:id, :organization_id, 'Asha Rao Traders', 'en-IN', 'Asia/Kolkata', now(), now()) ON CONFLICT DO NOTHING
""")


async def seller(session: Session, organization_id: UUID = OURS, **changed: Any) -> LegalEntity:
    """A legal entity that can issue, as SELLER but for what is named, and CUSTOMER, to whom it does."""
    await session.execute(_KNOW, {"id": CUSTOMER, "organization_id": organization_id})
    content = SELLER.model_copy(update=changed).content()
    return await deps.legal_entities(session, lambda: MONDAY_MORNING).create(organization_id, content, by="user:test")


async def issued(session: Session, draft: InvoiceDraft = DRAFT, change: Change = NOW, **changed: Any) -> Invoice:
    """An invoice that is issued now, as the draft but for what is named. There must be a seller."""
    invoice, _ = await deps.issuing(session).issue_new(replace(draft, **changed), change)
    return invoice


async def drafted(session: Session) -> UUID:
    """A draft of nobody's account."""
    return await deps.drafts(session).create(replace(DRAFT, customer_id=None), NOW)


async def again(session: ReadSession, invoice: Invoice | UUID) -> Invoice:
    """The invoice as it stands in the database."""
    invoice_id = invoice if isinstance(invoice, UUID) else invoice.id
    found = await InvoiceReader(session).find(invoice_id, organization_id=None)
    assert found is not None
    return found


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


async def entries(session: ReadSession, source: str, source_id: UUID) -> dict[str, int]:
    """What a source has posted, by account: debits above nothing, credits below."""
    found = await rows(
        session,
        "SELECT account, amount_minor FROM ledger_entries JOIN ledger_transactions ON id = transaction_id"
        " WHERE source = :source AND source_id = :source_id ORDER BY account",
        source=source,
        source_id=str(source_id),
    )
    return dict(found)


def of_trip(trip_id: UUID) -> Source:
    """A trip as a source."""
    return Source(trip_id=trip_id)
