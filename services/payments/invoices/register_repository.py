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
_DOCUMENTS: Final = """
    SELECT 'invoice' AS kind, id, organization_id, number, issued_on, status, due_on, currency, buyer, place_of_supply,
           supply_kind, reverse_charge, NULL AS for_invoice, NULL::date AS invoice_date, taxable_minor, charged_tax_minor,
           round_off_minor, total_minor, paid_minor, credited_minor, balance_minor, pdf_sha256
      FROM invoices WHERE number IS NOT NULL
    UNION ALL
    SELECT 'credit_note', note.id, note.organization_id, note.number, note.issued_on, 'issued', NULL, note.currency, buyer,
           place_of_supply, supply_kind, reverse_charge, invoices.number, invoices.issued_on, -note.taxable_minor,
           -note.charged_tax_minor, -note.round_off_minor, -note.total_minor, 0, 0, 0, note.pdf_sha256
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
}
_REGISTER: Final = f"""
    SELECT kind, document.number, document.issued_on, status, due_on, buyer ->> 'name' AS name, buyer ->> 'gstin' AS gstin,
           place_of_supply, supply_kind, reverse_charge, for_invoice, currency, taxable_minor, tax.cgst, tax.sgst, tax.utgst,
           tax.igst, charged_tax_minor, round_off_minor, total_minor, paid_minor, credited_minor, balance_minor, pdf_sha256,
           document.id
      FROM ({_DOCUMENTS}) AS document
     CROSS JOIN LATERAL (
               SELECT sum(cgst_minor)::bigint AS cgst, sum(sgst_minor)::bigint AS sgst, sum(utgst_minor)::bigint AS utgst,
                      sum(igst_minor)::bigint AS igst
                 FROM ({_LINES}) AS line WHERE document_id = document.id) AS tax
     WHERE {{meant}}
     ORDER BY document.issued_on, document.id LIMIT :limit
"""  # noqa: S608 - put together from constants of this module; values are bound
# What is void is in no return; the numbers of it are told of in the table of documents issued.
_BY_RATE: Final = f"""
    SELECT kind, buyer ->> 'gstin' AS gstin, buyer ->> 'name' AS name, document.number, document.issued_on, for_invoice,
           invoice_date, currency, total_minor, place_of_supply, reverse_charge, supply_kind, tax.rate_bp, tax.taxable, tax.cgst,
           tax.sgst, tax.igst, document.id
      FROM ({_DOCUMENTS}) AS document
     CROSS JOIN LATERAL (
               SELECT rate_bp, sum(taxable_minor)::bigint AS taxable, sum(cgst_minor)::bigint AS cgst,
                      sum(sgst_minor + utgst_minor)::bigint AS sgst, sum(igst_minor)::bigint AS igst
                 FROM ({_LINES}) AS line WHERE document_id = document.id GROUP BY rate_bp) AS tax
     WHERE {{meant}} AND status <> 'void'
     ORDER BY document.issued_on, document.id, tax.rate_bp LIMIT :limit
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
    rate_bp: int = 0


class RegisterReader:
    """Reads, the oldest day first."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def documents(self, meant: Days, after: Place | None, limit: int) -> Sequence[Any]:
        """One row for each invoice and credit note."""
        bound = _bound(meant, after, limit)
        conditions = {**_MEANT, "after_day": "(document.issued_on, document.id) > (:after_day, :after_id)"}
        return (await self._session.execute(text(_REGISTER.format(meant=named(conditions, bound))), bound)).all()

    async def by_rate(self, meant: Days, after: Place | None, limit: int) -> Sequence[Any]:
        """One row for each invoice and credit note in force and each rate in it."""
        bound = {**_bound(meant, after, limit), "after_rate": after.rate_bp if after else None}
        conditions = {
            **_MEANT,
            "after_day": "(document.issued_on, document.id, tax.rate_bp) > (:after_day, :after_id, :after_rate)",
        }
        return (await self._session.execute(text(_BY_RATE.format(meant=named(conditions, bound))), bound)).all()


def _bound(meant: Days, after: Place | None, limit: int) -> dict[str, Any]:
    return {
        "organization_id": meant.organization_id,
        "first": meant.first,
        "last": meant.last,
        "after_day": after.day if after else None,
        "after_id": after.id if after else None,
        "limit": limit,
    }
