"""How the parts of the system are."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["ok", "impaired", "down"]
Kind = Literal["service", "database", "broker", "provider", "collector"]


class ComponentOut(BaseModel):
    """One part."""

    component: str = Field(examples=["service:payments", "provider:payments/razorpay"])
    kind: Kind
    status: Status = Field(description="impaired: it works, and not as it should.")
    problem: str | None = Field(description="What is wrong; null when nothing is.")
    took_ms: float | None = Field(description="How long it took to answer.")
    since: datetime | None = Field(None, description="It has had this status since then, by the two-minute checks.")


class HealthOut(BaseModel):
    """All parts. Asking always succeeds: what is away is shown."""

    status: Literal["ok", "degraded"]
    at: datetime = Field(description="When this was checked; it is kept for five seconds.")
    components: list[ComponentOut]
