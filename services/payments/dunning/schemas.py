"""Shapes of the dunning API."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.payments.dunning.models import DeclineKind, UnpaidDelivery
from services.payments.texts import Reason

RetryDay = Annotated[int, Field(strict=True, ge=1, le=60)]


class DunningRunOut(BaseModel):
    """What is done about a period that was not paid. used: tries that were made by themselves, of those that there are."""

    model_config = ConfigDict(from_attributes=True)

    start_on: date = Field(description="The first day of the period.")
    status: Literal["running", "recovered", "exhausted", "stopped"]
    reason: str | None
    decline_kind: DeclineKind | None
    failure: str | None
    failures: int
    used: int
    began_at: datetime
    next_try_at: datetime | None
    deadline_at: datetime


class SubscriptionSettingsIn(BaseModel):
    """How an organization deals with what was not paid."""

    model_config = ConfigDict(extra="forbid")

    retry_days: list[RetryDay] = Field(default=[1, 3, 5, 7], max_length=10, description="After the first failure.")
    retry_hour: int = Field(default=10, strict=True, ge=0, le=23, description="No try is made before, in the customer's day.")
    grace_days: int = Field(default=7, strict=True, ge=0, le=90, description="Of access after the first failure.")
    when_exhausted: Literal["unpaid", "cancel"] = "unpaid"
    unpaid_delivery: UnpaidDelivery = Field(
        default="hold", description="The order of an unpaid period waits for its money, goes out on credit, or is cancelled."
    )


class SubscriptionSettingsOut(SubscriptionSettingsIn):
    """The same, as it is. billing_paused_at: since when nobody is billed or tried again."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")

    billing_paused_at: datetime | None = None
    pause_reason: str | None = None
    version: int = 0


class PauseBillingIn(BaseModel):
    """Why nobody is to be billed."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
