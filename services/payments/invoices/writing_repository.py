"""Writing invoices: drafts, numbers, and what changes on an issued one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoices.models import Figures, Invoice, InvoiceDraft, InvoiceLine, Number
from services.payments.invoices.party_models import Seller
from services.payments.invoices.repository import COLUMNS, invoice_of, source_columns
from shared.runtime.db import Session

_INSERT: Final = text("""
    INSERT INTO invoices (id, organization_id, legal_entity_id, customer_id, currency, taxable_minor, tax_minor,
                          charged_tax_minor, round_off_minor, total_minor, buyer, place_of_supply, supply_kind, reverse_charge,
                          supplied_from, supplied_to, terms_days, notes, order_id, subscription_id, period_start, trip_id,
                          prepaid_minor, paid_minor, created_at, updated_at, changed_by)
    VALUES (:id, :organization_id, :legal_entity_id, :customer_id, :currency, :taxable_minor, :tax_minor, :charged_tax_minor,
            :round_off_minor, :total_minor, CAST(:buyer AS jsonb), :place_of_supply, :supply_kind, :reverse_charge,
            :supplied_from, :supplied_to, :terms_days, :notes, :order_id, :subscription_id, :period_start, :trip_id,
            :prepaid_minor, :prepaid_minor, :at, :at, :by)
    ON CONFLICT DO NOTHING RETURNING id
""")
_REPLACE: Final = text("""
    UPDATE invoices
       SET legal_entity_id = :legal_entity_id, customer_id = :customer_id, currency = :currency, taxable_minor = :taxable_minor,
           tax_minor = :tax_minor, charged_tax_minor = :charged_tax_minor, round_off_minor = :round_off_minor,
           total_minor = :total_minor, buyer = CAST(:buyer AS jsonb), place_of_supply = :place_of_supply,
           supply_kind = :supply_kind, reverse_charge = :reverse_charge, supplied_from = :supplied_from,
           supplied_to = :supplied_to, terms_days = :terms_days, notes = :notes, version = version + 1, updated_at = :at,
           changed_by = :by
     WHERE id = :id
""")
_CLEAR_LINES: Final = text("DELETE FROM invoice_lines WHERE invoice_id = :id")
_INSERT_LINES: Final = text("""
    INSERT INTO invoice_lines (invoice_id, number, description, hsn_sac, quantity, unit, unit_price_minor, discount_minor,
                               rate_bp, taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor, source_line)
    SELECT :id, row.* FROM unnest(
        CAST(:numbers AS int[]), CAST(:descriptions AS text[]), CAST(:hsn_sacs AS text[]), CAST(:quantitys AS bigint[]),
        CAST(:units AS text[]), CAST(:unit_price_minors AS bigint[]), CAST(:discount_minors AS bigint[]),
        CAST(:rate_bps AS int[]), CAST(:taxable_minors AS bigint[]), CAST(:cgst_minors AS bigint[]),
        CAST(:sgst_minors AS bigint[]), CAST(:utgst_minors AS bigint[]), CAST(:igst_minors AS bigint[]),
        CAST(:total_minors AS bigint[]), CAST(:source_lines AS int[])) AS row
""")
_DELETE: Final = text("DELETE FROM invoices WHERE id = :id")
_LOCK: Final = text(f"""
    SELECT {COLUMNS} FROM invoices
     WHERE id = :id AND coalesce(organization_id = CAST(:organization_id AS uuid), true) FOR UPDATE
""")  # noqa: S608 - the columns are constants of the repository
# The row lock is what makes numbers gapless: whoever comes next waits until this transaction has committed, and then gets the
# next one, or has rolled back, and then gets the same. A day before that of the number before is moved up to it.
_TAKE_NUMBER: Final = text("""
    INSERT INTO invoice_counters AS counter (legal_entity_id, series, financial_year, last_sequence, last_issued_on)
    VALUES (:legal_entity_id, :series, :financial_year, 1, :day)
    ON CONFLICT (legal_entity_id, series, financial_year) DO UPDATE
       SET last_sequence = counter.last_sequence + 1, last_issued_on = greatest(counter.last_issued_on, excluded.last_issued_on)
    RETURNING last_sequence, last_issued_on
""")
_ISSUE: Final = text("""
    UPDATE invoices
       SET status = 'issued', series = :series, financial_year = :financial_year, sequence = :sequence, number = :number,
           issued_at = :at, issued_on = :issued_on, due_on = :due_on, seller = CAST(:seller AS jsonb),
           version = version + 1, updated_at = :at, changed_by = :by
     WHERE id = :id
""")
_CHANGE: Final = """
    UPDATE invoices SET {set}, version = version + 1, updated_at = :at, changed_by = :by, change_reason = :reason WHERE id = :id
"""
_VOID: Final = text(_CHANGE.format(set="status = 'void', voided_at = :at"))
_DISPUTE: Final = text(_CHANGE.format(set="disputed_at = CASE WHEN :disputed THEN CAST(:at AS timestamptz) END"))
_CREDIT: Final = text(_CHANGE.format(set="credited_minor = credited_minor + :amount_minor"))
_MOMENT: Final = text("SELECT clock_timestamp()")
_NOTE_PDF: Final = text(_CHANGE.format(set="pdf_sha256 = :sha256"))
_PAY: Final = text(_CHANGE.format(set="paid_minor = paid_minor + :amount_minor"))


@dataclass(frozen=True, slots=True)
class Change:
    """When, by whom and why an invoice changes."""

    at: datetime
    by: str
    reason: str | None = None

    def bound(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {"at": self.at, "by": self.by, "reason": self.reason}


class InvoiceRepository:
    """Writes in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(
        self,
        invoice_id: UUID,
        legal_entity_id: UUID,
        draft: InvoiceDraft,
        figures: Figures,
        lines: Sequence[InvoiceLine],
        change: Change,
    ) -> bool:
        """Write a draft; False where there is one for its source already. Waits for whoever is writing that one."""
        bound = {
            **_columns(invoice_id, legal_entity_id, draft, figures, change),
            **source_columns(draft.source),
            "organization_id": draft.organization_id,
            "prepaid_minor": min(draft.prepaid_minor, figures.total_minor),
        }
        if await self._session.scalar(_INSERT, bound) is None:
            return False
        await self._session.execute(_INSERT_LINES, _line_columns(invoice_id, lines))
        return True

    async def replace(
        self,
        invoice_id: UUID,
        legal_entity_id: UUID,
        draft: InvoiceDraft,
        figures: Figures,
        lines: Sequence[InvoiceLine],
        change: Change,
    ) -> None:
        """Write a locked draft anew. What it is for, and what was paid before, stay."""
        await self._session.execute(_REPLACE, _columns(invoice_id, legal_entity_id, draft, figures, change))
        await self._session.execute(_CLEAR_LINES, {"id": invoice_id})
        await self._session.execute(_INSERT_LINES, _line_columns(invoice_id, lines))

    async def delete(self, invoice_id: UUID) -> None:
        """Take a locked draft away."""
        await self._session.execute(_DELETE, {"id": invoice_id})

    async def lock(self, invoice_id: UUID, *, organization_id: UUID | None) -> Invoice | None:
        """The invoice, if it is the organization's; nobody else changes it until the transaction ends."""
        bound = {"id": invoice_id, "organization_id": organization_id}
        row = (await self._session.execute(_LOCK, bound)).mappings().one_or_none()
        return invoice_of(row) if row is not None else None

    async def take_number(self, legal_entity_id: UUID, series: str, financial_year: str, day: date) -> Number:
        """The next number; taken back where the transaction rolls back. Others wait for it until the transaction ends."""
        bound = {"legal_entity_id": legal_entity_id, "series": series, "financial_year": financial_year, "day": day}
        row = (await self._session.execute(_TAKE_NUMBER, bound)).one()
        return Number(series, financial_year, row.last_sequence, row.last_issued_on)

    async def issue(self, invoice_id: UUID, number: Number, shown: str, due_on: date, seller: Seller, change: Change) -> None:
        """Give a draft its number, day and seller. From then on it says what it says."""
        bound = {"number": shown, "due_on": due_on, "seller": seller.model_dump_json()}
        await self._session.execute(_ISSUE, {"id": invoice_id, **bound, **asdict(number), **change.bound()})

    async def void(self, invoice_id: UUID, change: Change) -> None:
        """Take an issued one out of force; its number stays taken."""
        await self._session.execute(_VOID, {"id": invoice_id, **change.bound()})

    async def dispute(self, invoice_id: UUID, change: Change, *, disputed: bool) -> None:
        """Note that it is disputed, or is no longer."""
        await self._session.execute(_DISPUTE, {"id": invoice_id, "disputed": disputed, **change.bound()})

    async def moment(self) -> datetime:
        """The time now, by the clock that outboxes go by, and not that at which the transaction began."""
        now: datetime = (await self._session.execute(_MOMENT)).scalar_one()
        return now

    async def note_pdf(self, invoice_id: UUID, sha256: str, change: Change) -> None:
        """Write down what its PDF is."""
        await self._session.execute(_NOTE_PDF, {"id": invoice_id, "sha256": sha256, **change.bound()})

    async def add_credit(self, invoice_id: UUID, amount_minor: int, change: Change) -> None:
        """Count a credit note."""
        await self._session.execute(_CREDIT, {"id": invoice_id, "amount_minor": amount_minor, **change.bound()})

    async def add_payment(self, invoice_id: UUID, amount_minor: int, change: Change) -> None:
        """Count a payment; below nothing it is taken back."""
        await self._session.execute(_PAY, {"id": invoice_id, "amount_minor": amount_minor, **change.bound()})


def _columns(invoice_id: UUID, legal_entity_id: UUID, draft: InvoiceDraft, figures: Figures, change: Change) -> dict[str, Any]:
    plain = {
        name: getattr(draft, name)
        for name in (
            *("customer_id", "currency", "place_of_supply", "supply_kind", "reverse_charge"),
            *("supplied_from", "supplied_to", "terms_days", "notes"),
        )
    }
    return {
        "id": invoice_id,
        "legal_entity_id": legal_entity_id,
        "buyer": draft.buyer.model_dump_json(),
        "at": change.at,
        "by": change.by,
        **plain,
        **asdict(figures),
    }


def _line_columns(invoice_id: UUID, lines: Sequence[InvoiceLine]) -> dict[str, Any]:
    columns = {f"{field.name}s": [getattr(line, field.name) for line in lines] for field in fields(InvoiceLine)}
    return {"id": invoice_id, **columns}
