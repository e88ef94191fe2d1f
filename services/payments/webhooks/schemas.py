"""What the API shows of gateways' events."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.webhooks.models import EventState
from shared.contracts.message import UtcDatetime


class GatewayEventOut(BaseModel):
    """An event, without what it says."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    gateway: str = Field(examples=["razorpay"])
    account: str = Field(examples=["razorpay"])
    event_id: str = Field(description="The gateway's.", examples=["evt_1"])
    name: str = Field(examples=["payment.captured"])
    entity_id: str = Field(description="Of what it is about.", examples=["pay_1"])
    created_at: UtcDatetime = Field(description="At the gateway.")
    received_at: UtcDatetime
    applied_at: UtcDatetime | None
    state: EventState
