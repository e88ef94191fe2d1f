"""Shapes of the live API."""

from datetime import datetime

from pydantic import BaseModel, Field


class TicketOut(BaseModel):
    """A ticket that opens one stream."""

    ticket: str = Field(description="For `?ticket=…` of a stream, once.", examples=["q2w…"])
    expires_at: datetime
