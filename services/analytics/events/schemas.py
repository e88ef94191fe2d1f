"""Shapes of the events API."""

from typing import Literal

from pydantic import BaseModel, Field

from services.analytics.events.event_models import Reason


class ItemOut(BaseModel):
    """An event that was not taken. index: its place in the request, from 0."""

    index: int
    outcome: Literal["duplicate", "quarantined"]
    reason: Reason | None = Field(default=None, description="Why it was put aside.")
    detail: str | None = Field(default=None, description="What was wrong, and how to mend it.")


class BatchTaken(BaseModel):
    """What became of the events of one request."""

    accepted: int = Field(description="Written.", examples=[98])
    duplicates: int = Field(description="Whose id was known already.", examples=[1])
    quarantined: int = Field(description="Put aside; see `/v1/quarantined-events`.", examples=[1])
    items: list[ItemOut] = Field(description="The first 1000 that were not written, in their order.")
