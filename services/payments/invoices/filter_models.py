"""Which invoices are meant by a list."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.invoices.day_models import Day
from services.payments.invoices.models import InvoiceStatus


class InvoiceFilter(BaseModel):
    """An invoice is meant when it meets all that is named."""

    model_config = ConfigDict(frozen=True)

    status: InvoiceStatus | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    trip_id: UUID | None = None
    subscription_id: UUID | None = None
    number: str | None = Field(None, max_length=16, pattern=r"^[A-Za-z0-9/-]+$")
    issued_from: Day | None = Field(None, description="Only those that were issued on this day or later.")
    issued_to: Day | None = Field(None, description="Only those that were issued on this day or earlier.")
    overdue_on: Day | None = Field(None, description="Only those that are unpaid and due before this day.")
