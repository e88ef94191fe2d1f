"""Events as the tests of this noun send them."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
BATCH: Final = "/v1/events:batch"
QUARANTINE: Final = "/v1/quarantined-events"


def at(**ago: float) -> str:
    """A moment before the tests' Monday morning."""
    return (MONDAY_MORNING - timedelta(**ago)).isoformat()


def event(name: str = "shop.page_viewed", ago_s: float = 60, **fields: Any) -> dict[str, Any]:
    """An event with an id of its own."""
    return {"id": str(uuid7()), "name": name, "occurred_at": at(seconds=ago_s)} | fields


async def rows(session: ReadSession, query: str, **bound: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return [tuple(row) for row in await session.execute(text(query), bound)]
