"""Reading and writing credit notes."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.credit_notes.models import Before, CreditedLine, CreditNote
from services.payments.invoices.condition_repository import named
from shared.runtime.db import ReadSession, Session

_COLUMNS: Final = ", ".join(field.name for field in fields(CreditNote))
_FIND: Final = text(f"""
    SELECT {_COLUMNS} FROM credit_notes WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true)
""")  # noqa: S608 - the columns are constants of this module
_MEANT: Final = {
    "organization_id": "organization_id = :organization_id",
    "invoice_id": "invoice_id = :invoice_id",
    "after": "id < :after",
}
_LINES: Final = text("""
    SELECT invoice_line, coalesce(quantity, 0) AS quantity, taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor,
           total_minor
      FROM credit_note_lines WHERE credit_note_id = :id ORDER BY invoice_line
""")
_BEFORE: Final = text("""
    SELECT invoice_line, coalesce(sum(quantity), 0)::bigint AS quantity, sum(taxable_minor_)::bigint AS taxable_minor,
           sum(cgst_minor)::bigint AS cgst_minor, sum(sgst_minor)::bigint AS sgst_minor, sum(utgst_minor)::bigint AS utgst_minor,
           sum(igst_minor)::bigint AS igst_minor, sum(line_total)::bigint AS total_minor
      FROM (SELECT invoice_line, quantity, line.taxable_minor AS taxable_minor_, cgst_minor, sgst_minor, utgst_minor, igst_minor,
                   line.total_minor AS line_total
              FROM credit_note_lines AS line JOIN credit_notes ON credit_notes.id = credit_note_id
             WHERE invoice_id = :invoice_id) AS credited
     GROUP BY invoice_line
""")
_SUMS: Final = text("""
    SELECT coalesce(sum(round_off_minor), 0)::bigint AS round_off_minor,
           coalesce(sum(total_minor) FILTER (WHERE reason = 'refunded'), 0)::bigint AS refunded_minor
      FROM credit_notes WHERE invoice_id = :invoice_id
""")
_INSERT: Final = text("""
    INSERT INTO credit_notes (id, organization_id, legal_entity_id, invoice_id, series, financial_year, sequence, number,
                              issued_at, issued_on, reason, note, currency, taxable_minor, tax_minor, charged_tax_minor,
                              round_off_minor, total_minor, created_by)
    VALUES (:id, :organization_id, :legal_entity_id, :invoice_id, :series, :financial_year, :sequence, :number, :issued_at,
            :issued_on, :reason, :note, :currency, :taxable_minor, :tax_minor, :charged_tax_minor, :round_off_minor,
            :total_minor, :created_by)
""")
_INSERT_LINES: Final = text("""
    INSERT INTO credit_note_lines (credit_note_id, invoice_line, quantity, taxable_minor, cgst_minor, sgst_minor, utgst_minor,
                                   igst_minor, total_minor)
    SELECT :id, invoice_line, nullif(quantity, 0), taxable, cgst, sgst, utgst, igst, total
      FROM unnest(CAST(:invoice_lines AS int[]), CAST(:quantitys AS bigint[]), CAST(:taxable_minors AS bigint[]),
                  CAST(:cgst_minors AS bigint[]), CAST(:sgst_minors AS bigint[]), CAST(:utgst_minors AS bigint[]),
                  CAST(:igst_minors AS bigint[]), CAST(:total_minors AS bigint[]))
           AS row(invoice_line, quantity, taxable, cgst, sgst, utgst, igst, total)
""")
_NOTE_PDF: Final = text("UPDATE credit_notes SET pdf_sha256 = :sha256 WHERE id = :id")


class CreditNoteReader:
    """Reads. `organization_id` is whose the caller may see, None for anybody's."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, note_id: UUID, *, organization_id: UUID | None) -> CreditNote | None:
        """One credit note."""
        row = (await self._session.execute(_FIND, {"id": note_id, "organization_id": organization_id})).mappings().one_or_none()
        return CreditNote(**row) if row is not None else None

    async def newest(
        self, *, organization_id: UUID | None, invoice_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[CreditNote]:
        """The newest first, of one invoice or of all."""
        bound = {"organization_id": organization_id, "invoice_id": invoice_id, "after": after, "limit": limit}
        query = f"SELECT {_COLUMNS} FROM credit_notes WHERE {named(_MEANT, bound)} ORDER BY id DESC LIMIT :limit"  # noqa: S608 - as above
        return [CreditNote(**row) for row in (await self._session.execute(text(query), bound)).mappings()]

    async def lines(self, note_id: UUID) -> tuple[CreditedLine, ...]:
        """Its lines, in order."""
        return tuple(CreditedLine(**row) for row in (await self._session.execute(_LINES, {"id": note_id})).mappings())

    async def before(self, invoice_id: UUID) -> Before:
        """What was credited of an invoice so far; lock the invoice first."""
        lines = [CreditedLine(**row) for row in (await self._session.execute(_BEFORE, {"invoice_id": invoice_id})).mappings()]
        sums = (await self._session.execute(_SUMS, {"invoice_id": invoice_id})).one()
        return Before({line.invoice_line: line for line in lines}, sums.round_off_minor, sums.refunded_minor)


class CreditNoteRepository:
    """Writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, note: CreditNote, lines: Sequence[CreditedLine]) -> None:
        """Write one with its lines."""
        await self._session.execute(_INSERT, asdict(note))
        names = [field.name for field in fields(CreditedLine)]
        columns: dict[str, Any] = {f"{name}s": [getattr(line, name) for line in lines] for name in names}
        await self._session.execute(_INSERT_LINES, {"id": note.id, **columns})

    async def note_pdf(self, note_id: UUID, sha256: str) -> None:
        """Write down what its PDF is."""
        await self._session.execute(_NOTE_PDF, {"id": note_id, "sha256": sha256})
