"""Since when each part of the system is as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import text

from shared.runtime.db import ReadSession, Session

# An older slot that comes late says nothing about now.
_KEEP: Final = text("""
    INSERT INTO component_health AS known (component, status, problem, since, checked_at)
    SELECT row.component, row.status, row.problem, :at, :at
      FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS row(component text, status text, problem text)
     ORDER BY row.component
    ON CONFLICT (component) DO UPDATE SET status = excluded.status, problem = excluded.problem, checked_at = excluded.checked_at,
           since = CASE WHEN known.status = excluded.status THEN known.since ELSE excluded.since END
     WHERE known.checked_at <= excluded.checked_at
""")
_FORGET: Final = text("DELETE FROM component_health WHERE checked_at < :before")
_SINCE: Final = text("SELECT component, status, since FROM component_health")


class HealthReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def ping(self) -> None:
        """Raises what the database raises."""
        await self._session.execute(text("SELECT 1"))

    async def since(self) -> dict[tuple[str, str], datetime]:
        """By component and status."""
        return {(row.component, row.status): row.since for row in await self._session.execute(_SINCE)}


class HealthRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def keep(self, components: Sequence[tuple[str, str, str | None]], at: datetime) -> None:
        """Note how each is at this moment: its name, status and problem."""
        rows = [{"component": name, "status": status, "problem": problem} for name, status, problem in components]
        await self._session.execute(_KEEP, {"at": at, "rows": orjson.dumps(rows).decode()})

    async def forget(self, before: datetime) -> None:
        """Forget parts that there are no more."""
        await self._session.execute(_FORGET, {"before": before})
