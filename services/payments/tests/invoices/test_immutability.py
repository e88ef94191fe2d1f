"""What is issued stays as it is, by the database's own word and under the role that the service runs as."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from services.payments import invoice_deps as deps
from services.payments.credit_notes.models import Wanted
from services.payments.documents.pdf_repository import PdfRepository
from services.payments.invoices.models import Invoice
from services.payments.tests.invoices.arrange import NOW, again, issued, rows, seller
from shared.runtime.db import Session


@asynccontextmanager
async def refused(session: Session, why: str) -> AsyncIterator[None]:
    """The statement inside is refused by the database, for this reason."""
    with pytest.raises(DBAPIError, match=why):
        async with session.begin_nested():
            yield


async def _run(session: Session, statement: str, invoice: Invoice) -> None:
    await rows(session, f"{statement} RETURNING 1", id=invoice.id)


def _set(columns: str) -> str:
    """A change of the invoice, with the version that every change of one needs."""
    return f"UPDATE invoices SET {columns}, version = version + 1 WHERE id = :id"  # noqa: S608 - the test's own columns


FORBIDDEN = [
    (_set("total_minor = 1, taxable_minor = 1, charged_tax_minor = 0, round_off_minor = 0"), "what it says stays"),
    (_set("""buyer = buyer || '{"name": "X"}'"""), "what it says stays"),
    (_set("""seller = seller || '{"name": "X"}'"""), "what it says stays"),
    (_set("number = 'INV/2526/00009', sequence = 9"), "what it says stays"),
    (_set("issued_on = issued_on + 1"), "what it says stays"),
    (_set("organization_id = uuidv7()"), "what it says stays"),
    (_set("notes = 'X'"), "what it says stays"),
    (_set("order_id = uuidv7()"), "what it says stays"),
    (_set("status = 'draft', number = NULL"), "what it says stays"),
    (_set("paid_minor = total_minor + 1"), "check constraint"),
    ("UPDATE invoices SET paid_minor = 1 WHERE id = :id", "changed without a new version"),
    ("DELETE FROM invoices WHERE id = :id", "is issued and stays"),
    ("UPDATE invoice_lines SET description = 'X' WHERE invoice_id = :id", "the lines of an issued invoice stay"),
    ("DELETE FROM invoice_lines WHERE invoice_id = :id", "the lines of an issued invoice stay"),
    (
        """INSERT INTO invoice_lines SELECT invoice_id, 9, description, hsn_sac, quantity, unit, unit_price_minor, discount_minor,
                  rate_bp, taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor
             FROM invoice_lines WHERE invoice_id = :id AND number = 1""",
        "the lines of an issued invoice stay",
    ),
]


async def test_issued_invoice_cannot_be_changed(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    whole = "SELECT invoices.*, line.* FROM invoices JOIN invoice_lines AS line ON invoice_id = id"
    before = await rows(session, whole)

    for statement, why in FORBIDDEN:
        async with refused(session, why):
            await _run(session, statement, invoice)

    assert await rows(session, whole) == before


async def test_draft_whose_lines_do_not_add_up_cannot_be_issued(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await rows(
        session,
        "INSERT INTO invoices (id, organization_id, legal_entity_id, currency, taxable_minor, tax_minor, charged_tax_minor,"
        " round_off_minor, total_minor, buyer, supply_kind, reverse_charge, created_at, updated_at, changed_by)"
        " SELECT uuidv7(), organization_id, legal_entity_id, currency, taxable_minor, tax_minor, charged_tax_minor,"
        " round_off_minor, total_minor, buyer, supply_kind, reverse_charge, created_at, updated_at, changed_by FROM invoices"
        " WHERE id = :id RETURNING 1",
        id=invoice.id,
    )

    async with refused(session, "do not add up"):
        await _run(
            session,
            "UPDATE invoices SET status = 'issued', series = 'INV', financial_year = '2526', sequence = 2, number = 'X',"
            " issued_at = now(), issued_on = '2026-03-02', due_on = '2026-03-02', seller = '{}', version = 2"
            " WHERE id <> :id",
            invoice,
        )


async def test_pdf_is_written_once_and_only_as_what_it_is(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    pdfs = PdfRepository(session, "invoice")

    first, second = await pdfs.keep(invoice.id, b"%PDF-1"), await pdfs.keep(invoice.id, b"%PDF-2")

    assert (first is not None, second) == (True, None)
    for statement in (
        "UPDATE invoice_pdfs SET content = 'X'",
        "UPDATE invoice_pdfs SET sha256 = repeat('0', 64)",
        "DELETE FROM invoice_pdfs",
    ):
        async with refused(session, "what is written there stays"):
            await _run(session, f"{statement} WHERE invoice_id = :id", invoice)
    assert await rows(session, "SELECT content, sha256 FROM invoice_pdfs") == [(b"%PDF-1", first)]


async def test_hash_of_the_pdf_is_noted_once(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await _run(session, _set("pdf_sha256 = repeat('0', 64)"), invoice)

    async with refused(session, "has its PDF"):
        await _run(session, _set("pdf_sha256 = repeat('1', 64)"), invoice)

    assert (await again(session, invoice)).pdf_sha256 == "0" * 64


async def test_credit_note_and_its_lines_stay_too(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await deps.credit_notes(session).issue(invoice.id, None, Wanted("other", None, ()), NOW)

    for statement, column in (
        ("UPDATE credit_notes SET reason = 'duplicate'", "invoice_id = :id"),
        ("DELETE FROM credit_notes", "invoice_id = :id"),
        ("UPDATE credit_note_lines SET taxable_minor = 1", ":id IS NOT NULL"),
        ("DELETE FROM credit_note_lines", ":id IS NOT NULL"),
    ):
        async with refused(session, "stays"):
            await _run(session, f"{statement} WHERE {column}".replace(":id IS", "CAST(:id AS uuid) IS"), invoice)


async def test_every_change_of_an_issued_invoice_leaves_a_line(session: Session) -> None:
    await seller(session)
    invoice = await issued(session)
    await deps.ending(session).dispute(invoice.id, None, NOW, disputed=True)

    found = await rows(
        session, "SELECT number, from_status, to_status, actor, before, after FROM invoice_changes ORDER BY number"
    )

    assert [row[:4] for row in found] == [(2, "draft", "issued", "user:test"), (3, "issued", "issued", "user:test")]
    assert found[0][5] == {"status": "issued", "number": "INV/2526/00001"}
    assert (found[1][4], list(found[1][5])) == ({"disputed_at": None}, ["disputed_at"])
    async with refused(session, "what is written there stays"):
        await _run(session, "DELETE FROM invoice_changes WHERE invoice_id = :id", invoice)
