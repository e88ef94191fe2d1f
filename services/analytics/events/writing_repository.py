"""Statements that write events, set-based."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.analytics.events.event_models import NewEvent
from shared.runtime.db import Session

SAME_ID_WITHIN: Final = timedelta(days=1)
"""An event that comes again under its id is the same one although its time differs by so much."""

# One event may be told by several batches at once, with the same time: the key refuses the later one. With another time it is
# looked for in the days around. A newer version of a service's event takes the place of the older one.
_WRITE: Final = text("""
    WITH sent AS (
        SELECT * FROM unnest(
            CAST(:organization_ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:occurred_at AS timestamptz[]),
            CAST(:names AS text[]), CAST(:sources AS text[]), CAST(:versions AS integer[]), CAST(:user_ids AS text[]),
            CAST(:session_ids AS text[]), CAST(:event_values AS bigint[]), CAST(:properties AS text[])
        ) WITH ORDINALITY AS event (
            organization_id, event_id, occurred_at, name, source, version, user_id, session_id, value, properties, n
        )
    ), kept AS (
        INSERT INTO events AS known (event_id, organization_id, occurred_at, received_at, name, source, version, user_id,
                                     session_id, value, properties)
        SELECT event_id, organization_id, occurred_at, :now, name, source, version, user_id, session_id, value,
               CAST(properties AS jsonb)
          FROM sent
         WHERE NOT EXISTS (
             SELECT FROM events AS other
              WHERE other.event_id = sent.event_id AND other.organization_id = sent.organization_id
                AND other.occurred_at BETWEEN :low AND :high AND other.occurred_at <> sent.occurred_at
                AND other.occurred_at BETWEEN sent.occurred_at - CAST(:within AS interval)
                                          AND sent.occurred_at + CAST(:within AS interval))
        ON CONFLICT (event_id, organization_id, occurred_at) DO UPDATE
           SET version = excluded.version, received_at = excluded.received_at, user_id = excluded.user_id,
               value = excluded.value, properties = excluded.properties
         WHERE excluded.version > known.version
        RETURNING event_id, organization_id, occurred_at
    ), marked AS (
        INSERT INTO event_marks (minute, marked_at)
        SELECT DISTINCT date_trunc('minute', occurred_at), CAST(:now AS timestamptz) FROM kept
    )
    SELECT n FROM sent LEFT JOIN kept USING (event_id, organization_id, occurred_at) WHERE kept.event_id IS NULL
""")

_NAMES: Final = text("SELECT name FROM event_names")


@dataclass(frozen=True, slots=True)
class Reported:
    """An event and whose it is."""

    organization_id: UUID
    event: NewEvent


class EventRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def names(self) -> set[str]:
        """Those that were registered."""
        return set((await self._session.execute(_NAMES)).scalars())

    async def write(self, reported: Sequence[Reported], now: datetime) -> set[int]:
        """Write events, no two of one id and organization. Returns which, counted from 0, were known already."""
        moments = [one.event.occurred_at for one in reported]
        bound = _columns(reported) | {
            "now": now,
            "low": min(moments) - SAME_ID_WITHIN,
            "high": max(moments) + SAME_ID_WITHIN,
            "within": SAME_ID_WITHIN,
        }
        return {n - 1 for n in (await self._session.execute(_WRITE, bound)).scalars()}


def _columns(reported: Sequence[Reported]) -> dict[str, Any]:
    events = [one.event for one in reported]
    return {
        "organization_ids": [one.organization_id for one in reported],
        "event_ids": [event.event_id for event in events],
        "occurred_at": [event.occurred_at for event in events],
        "names": [event.name for event in events],
        "sources": [event.source for event in events],
        "versions": [event.version for event in events],
        "user_ids": [event.user_id for event in events],
        "session_ids": [event.session_id for event in events],
        "event_values": [event.value for event in events],
        "properties": [event.properties for event in events],
    }
