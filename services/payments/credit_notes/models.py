"""Credit notes: what of an invoice is taken back."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

Reason = Literal["goods_returned", "deficiency", "price_change", "cancelled", "duplicate", "refunded", "other"]


@dataclass(frozen=True, slots=True)
class WantedLine:
    """What of one line is to be credited: a number of pieces, or an amount before tax; else all that is left."""

    line: int
    quantity: int | None = None
    taxable_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be credited. lines: nothing for all that is left of the invoice."""

    reason: Reason
    note: str | None
    lines: tuple[WantedLine, ...]


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """A line of a credit note, or the sum of what was credited of an invoice's line. quantity: 0 for an amount alone."""

    invoice_line: int
    quantity: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class CancelledPart:
    """What of an order is cancelled. lines: by the number of the order's line. total_minor: what is owed less for it, rounded."""

    lines: tuple[CreditedLine, ...]
    total_minor: int
    note: str


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier credit notes have taken back. lines: by the number of the invoice's line. refunded_minor: for refunds."""

    lines: dict[int, CreditedLine]
    round_off_minor: int
    refunded_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A credit note as the database has it, with what is to be known of its invoice. Amounts are positive."""

    id: UUID
    organization_id: UUID
    legal_entity_id: UUID
    invoice_id: UUID
    series: str
    financial_year: str
    sequence: int
    number: str
    issued_at: datetime
    issued_on: date
    reason: Reason
    note: str | None
    currency: str
    taxable_minor: int
    tax_minor: int
    charged_tax_minor: int
    round_off_minor: int
    total_minor: int
    pdf_sha256: str | None
    created_by: str
