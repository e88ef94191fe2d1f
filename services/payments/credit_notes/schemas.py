"""Shapes of the credit notes API."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.credit_notes.models import Reason, Wanted, WantedLine
from services.payments.invoices.schemas import MAX_LINES
from services.payments.legal_entities.models import Text
from services.payments.money.schemas import PositiveMinor


class CreditLineIn(BaseModel):
    """What of one line: a number of pieces, or an amount before tax; all that is left of it where neither is named."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=1, le=MAX_LINES, description="The line's number on the invoice.")
    quantity: int | None = Field(default=None, ge=1, le=1_000_000_000)
    taxable_minor: PositiveMinor | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.quantity is not None and self.taxable_minor is not None:
            raise ValueError("name quantity or taxable_minor, and not both")
        return self


class CreditNoteIn(BaseModel):
    """What of an invoice is taken back, and why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    note: Annotated[Text, Field(max_length=500)] | None = None
    lines: list[CreditLineIn] = Field(default=[], max_length=MAX_LINES, description="Default: all that is left of the invoice.")

    @model_validator(mode="after")
    def _names_each_line_once(self) -> Self:
        if len({line.line for line in self.lines}) < len(self.lines):
            raise ValueError("each line is named once at most")
        return self

    def wanted(self) -> Wanted:
        """As it is worked out."""
        lines = tuple(WantedLine(line.line, line.quantity, line.taxable_minor) for line in self.lines)
        return Wanted(self.reason, self.note, lines)


class CreditedLineOut(BaseModel):
    """What of a line is taken back. quantity: 0 for an amount alone."""

    model_config = ConfigDict(from_attributes=True)

    invoice_line: int
    quantity: int
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    utgst_minor: int
    igst_minor: int
    total_minor: int


class CreditNoteOut(BaseModel):
    """A credit note; its amounts are positive."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    invoice_id: UUID
    number: str = Field(examples=["CN/2627/00007"])
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


class CreditNoteDetail(CreditNoteOut):
    """A credit note with its lines."""

    lines: list[CreditedLineOut]
