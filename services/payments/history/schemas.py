"""What the API shows of histories."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import UtcDatetime


class StateChangeOut(BaseModel):
    """One change: from which state to which, who, why, and which columns."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    from_status: str = Field(description="Empty where it began.")
    to_status: str
    actor: str
    reason: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    at: UtcDatetime
