"""What is told of invoices."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Contract, Event, UtcDatetime
from shared.contracts.money import Money


class InvoiceIssued(Event):
    """An invoice has its number. What it was issued for is named by one of order, subscription with period, and trip, or none.

    Payments' own lane renders the PDF, and mails it to the customer once it is there; trips ends the completion of the trip.
    """

    contract: ClassVar = Contract("payments.invoice_issued", (lanes.PAYMENTS_BATCH, lanes.TRIPS_NORMAL), max_batch=20)

    invoice_id: UUID
    organization_id: UUID
    number: str = Field(min_length=1, max_length=16)
    total: Money
    issued_at: UtcDatetime
    order_id: UUID | None = None
    subscription_id: UUID | None = None
    period_start: date | None = None
    trip_id: UUID | None = None
