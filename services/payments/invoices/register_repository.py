"""The register of invoices and credit notes, for people and for returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoices.condition_repository import named
from shared.runtime.db import ReadSession

# Invoices and credit notes with the same columns, credit notes with amounts below nothing.
_INVOICES: Final = """
    SELECT 'invoice' AS kind, id, organization_id, number, issued_on, status, due_on, currency, buyer, place_of_supply,
           supply_kind, reverse_charge, NULL AS for_invoice, NULL::date AS invoice_date, taxable_minor, charged_tax_minor,
           round_off_minor, total_minor, paid_minor, credited_minor, balance_minor, pdf_sha256
      FROM invoices WHERE number IS NOT NULL
"""
_NOTES: Final = """
    SELECT 'credit_note' AS kind, note.id, note.organization_id, note.number, note.issued_on, 'issued' AS status,
           NULL::date AS due_on, note.currency, buyer, place_of_supply, supply_kind, reverse_charge,
           invoices.number AS for_invoice, invoices.issued_on AS invoice_date, -note.taxable_minor, -note.charged_tax_minor,
           -note.round_off_minor, -note.total_minor, 0, 0, 0, note.pdf_sha256
      FROM credit_notes AS note JOIN invoices ON invoices.id = note.invoice_id
"""
_LINES: Final = """
    SELECT invoice_id AS document_id, rate_bp, taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor FROM invoice_lines
    UNION ALL
    SELECT credit_note_id, original.rate_bp, -line.taxable_minor, -line.cgst_minor, -line.sgst_minor, -line.utgst_minor,
           -line.igst_minor
      FROM credit_note_lines AS line JOIN credit_notes ON credit_notes.id = credit_note_id
      JOIN invoice_lines AS original ON (original.invoice_id, original.number) = (credit_notes.invoice_id, invoice_line)
"""
_MEANT: Final = {
    "first": "document.issued_on BETWEEN :first AND :last",
    "organization_id": "document.organization_id = :organization_id",
    "after_day": "(document.issued_on, document.id) > (:after_day, :after_id)",
}
_IN_FORCE: Final = {**_MEANT, "first": f"{_MEANT['first']} AND status <> 'void'"}
# The documents of a page first, by their index, and their lines after that: else every page would sort all documents that
# follow, and add up all their lines.
_ORDER: Final = "WHERE {meant} ORDER BY document.issued_on, document.id LIMIT :limit"
_PAGE: Final = f"""
    SELECT * FROM ((SELECT * FROM ({_INVOICES}) AS document {_ORDER})
                   UNION ALL (SELECT * FROM ({_NOTES}) AS document {_ORDER})) AS both_kinds
     ORDER BY issued_on, id LIMIT :limit
"""  # noqa: S608 - put together from constants of this module; values are bound
_REGISTER: Final = f"""
    SELECT kind, document.number, document.issued_on, status, due_on, buyer ->> 'name' AS name, buyer ->> 'gstin' AS gstin,
           place_of_supply, supply_kind, reverse_charge, for_invoice, currency, taxable_minor, tax.cgst, tax.sgst, tax.utgst,
           tax.igst, charged_tax_minor, round_off_minor, total_minor, paid_minor, credited_minor, balance_minor, pdf_sha256,
           document.id
      FROM ({_PAGE}) AS document
     CROSS JOIN LATERAL (
               SELECT sum(cgst_minor)::bigint AS cgst, sum(sgst_minor)::bigint AS sgst, sum(utgst_minor)::bigint AS utgst,
                      sum(igst_minor)::bigint AS igst
                 FROM ({_LINES}) AS line WHERE document_id = document.id) AS tax
     ORDER BY document.issued_on, document.id
"""  # noqa: S608 - put together from constants of this module; values are bound
# What is void is in no return; the numbers of it are told of in the table of documents issued.
_BY_RATE: Final = f"""
    SELECT kind, buyer ->> 'gstin' AS gstin, buyer ->> 'name' AS name, document.number, document.issued_on, for_invoice,
           invoice_date, currency, total_minor, place_of_supply, reverse_charge, supply_kind, tax.rate_bp, tax.taxable, tax.cgst,
           tax.sgst, tax.igst, document.id
      FROM ({_PAGE}) AS document
      LEFT JOIN LATERAL (
               SELECT rate_bp, sum(taxable_minor)::bigint AS taxable, sum(cgst_minor)::bigint AS cgst,
                      sum(sgst_minor + utgst_minor)::bigint AS sgst, sum(igst_minor)::bigint AS igst
                 FROM ({_LINES}) AS line WHERE document_id = document.id GROUP BY rate_bp) AS tax ON true
     ORDER BY document.issued_on, document.id, tax.rate_bp
"""  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Days:
    """Documents of which days are meant, both included, and whose; None for everybody's."""

    organization_id: UUID | None
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends."""

    day: date
    id: UUID


class RegisterReader:
    """Reads, the oldest day first."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def documents(self, meant: Days, after: Place | None, limit: int) -> Sequence[Any]:
        """One row for each invoice and credit note, of so many documents at most."""
        return await self._page(_REGISTER, _MEANT, meant, after, limit)

    async def by_rate(self, meant: Days, after: Place | None, limit: int) -> Sequence[Any]:
        """One row for each invoice and credit note in force and each rate in it, of so many documents at most; one without a rate
        for a document without lines."""
        return await self._page(_BY_RATE, _IN_FORCE, meant, after, limit)

    async def _page(
        self, statement: str, conditions: dict[str, str], meant: Days, after: Place | None, limit: int
    ) -> Sequence[Any]:
        bound = _bound(meant, after, limit)
        return (await self._session.execute(text(statement.format(meant=named(conditions, bound))), bound)).all()


def _bound(meant: Days, after: Place | None, limit: int) -> dict[str, Any]:
    return {
        "organization_id": meant.organization_id,
        "first": meant.first,
        "last": meant.last,
        "after_day": after.day if after else None,
        "after_id": after.id if after else None,
        "limit": limit,
    }
