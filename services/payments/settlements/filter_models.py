"""Which settlements and items are meant."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.invoices.day_models import Day

Name = Annotated[str, Field(max_length=200)]


class SettlementFilter(BaseModel):
    """A settlement is meant when it meets all that is named."""

    model_config = ConfigDict(frozen=True)

    account: Name | None = Field(None, description="Only those of this account, such as `razorpay`.")
    utr: Name | None = Field(None, description="Only the one with this reference of the bank's.")
    settled_from: Day | None = Field(None, description="Only those of this day and later ones, in the account's time zone.")
    settled_to: Day | None = Field(None, description="Only those of this day and earlier ones.")


class ItemFilter(BaseModel):
    """An item is meant when it meets all that is named."""

    model_config = ConfigDict(frozen=True)

    settlement: UUID | None = Field(None, description="Only those of this settlement; its `id`.")
    class_: Annotated[str, Field(max_length=40)] | None = Field(
        None, alias="class", description="Only those of this class, such as `matched` or `fee_mismatch`."
    )
    kind: Annotated[str, Field(max_length=40)] | None = Field(None, description="Only `payment`, `refund`, `adjustment`, …")
    payment_id: UUID | None = Field(None, description="Only those of this payment of ours.")
    settled_from: Day | None = Field(None, description="Only those of this day and later ones, in the account's time zone.")
    settled_to: Day | None = Field(None, description="Only those of this day and earlier ones.")
