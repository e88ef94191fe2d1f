"""Which payments a list shows."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.payments.models import PaymentStatus


class PaymentFilter(BaseModel):
    """None: no matter."""

    model_config = ConfigDict(frozen=True)

    status: PaymentStatus | None = Field(None, description="Only those in this status.")
    customer_id: UUID | None = Field(None, description="Only those of this customer.")
    order_id: UUID | None = Field(None, description="Only those of this order.")
    invoice_id: UUID | None = Field(None, description="Only those of this invoice.")
    subscription_id: UUID | None = Field(None, description="Only those of this subscription.")
    gateway_payment_id: str | None = Field(None, max_length=100, description="Only the one that the gateway calls so.")
