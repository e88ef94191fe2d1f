"""Shapes that the APIs of everything received share."""

from pydantic import BaseModel, Field


class Paging(BaseModel):
    """Which page of what is meant, to be mixed into a filter. An id is the cursor."""

    limit: int = Field(50, ge=1, le=500)
    cursor: int | None = Field(None, ge=1, lt=2**63, description="next_cursor of the page before.")


class Waiting(BaseModel):
    """How many to wait for, and how long (seconds), to be mixed into a filter. limit: how many of them to show."""

    count: int = Field(1, ge=1, le=1_000_000)
    timeout: float = Field(10.0, ge=0, le=300)
    limit: int = Field(50, ge=1, le=500)


class Count(BaseModel):
    """How many."""

    count: int


class Deleted(BaseModel):
    """How many were deleted."""

    deleted: int
