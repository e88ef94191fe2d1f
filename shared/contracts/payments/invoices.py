"""Invoices: issuing them, their PDFs, reminding of them, and proving their numbers."""

from datetime import date
from typing import ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract, UtcDatetime
from shared.contracts.money import Money
from shared.contracts.retry import RetryPolicy

_EVERY_HALF_MINUTE_FOR_TEN = RetryPolicy(max_retries=20, base_s=30, factor=1, cap_s=30, jitter=False)
_PATIENT = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class GenerateInvoice(Command):
    """Issue the invoice of an order, of a subscription's period or of a trip, and answer it as `GeneratedInvoice`.

    The same source gives the same invoice, however often it is asked for. A trip that payments has not heard of is waited for:
    ten minutes, then it fails.
    """

    contract: ClassVar = Contract(
        "payments.generate_invoice", (lanes.PAYMENTS_NORMAL,), _EVERY_HALF_MINUTE_FOR_TEN, max_batch=1, answer=Answer()
    )

    order_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: date | None = Field(default=None, description="The first day of the subscription's period.")
    trip_id: UUID | None = None

    @model_validator(mode="after")
    def _names_one_source(self) -> Self:
        if sum(one is not None for one in (self.order_id, self.subscription_id, self.trip_id)) != 1:
            raise ValueError("name one of order_id, subscription_id with period_start, and trip_id")
        if (self.subscription_id is None) != (self.period_start is None):
            raise ValueError("subscription_id and period_start go together")
        return self


class GeneratedInvoice(BaseModel):
    """The answer to GenerateInvoice. created: False where the invoice was there before."""

    model_config = ConfigDict(frozen=True)

    invoice_id: UUID
    number: str
    total: Money
    issued_at: UtcDatetime
    created: bool


class RenderInvoicePdf(Command):
    """Make an issued invoice's PDF, unless it is there. It is made once and never replaced."""

    contract: ClassVar = Contract("payments.render_invoice_pdf", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=20)

    invoice_id: UUID


class RenderCreditNotePdf(Command):
    """Make a credit note's PDF, unless it is there. It is made once and never replaced."""

    contract: ClassVar = Contract("payments.render_credit_note_pdf", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=20)

    credit_note_id: UUID


class ProcessOverdueInvoices(Command):
    """Remind the customers of unpaid invoices whose next reminder is due at `slot`.

    after: the invoice up to which an earlier message of the same slot has come; the rest follows in messages of its own.
    """

    contract: ClassVar = Contract("payments.process_overdue_invoices", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    after: UUID | None = None


class AuditInvoiceNumbers(Command):
    """Look for gaps and repetitions among the numbers of invoices and credit notes, and answer what was found."""

    contract: ClassVar = Contract(
        "payments.audit_invoice_numbers", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1, answer=Answer()
    )

    slot: UtcDatetime | None = None
