"""What a page of a list is, for services and repositories; endpoints ask for one by `cursors.py`, which FastAPI reads."""

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

KeyPart = str | int | datetime | UUID
Key = tuple[KeyPart, ...]
"""Of a row: what the list is ordered by."""
Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """Part of a list."""

    items: list[Item]
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last one.", examples=["WyIx…"]
    )
