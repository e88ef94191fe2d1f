"""What earlier attempts at messages have met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that has ended: by which account, with which verdict, and when it began."""

    account: str
    verdict: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Met:
    """What earlier tries of a message have met. attempts: the oldest first. waits_since: since when no account has taken it; None
    where it waits for none."""

    attempts: list[Tried] = field(default_factory=list)
    waits_since: datetime | None = None


_PAST: Final = text("""
    SELECT deliveries.id, waits_since, attempt.provider, attempt.outcome, attempt.started_at
      FROM deliveries
      LEFT JOIN delivery_attempts AS attempt ON attempt.delivery_id = deliveries.id AND attempt.outcome IS NOT NULL
     WHERE deliveries.id = ANY(CAST(:ids AS uuid[])) ORDER BY deliveries.id, attempt.number
""")

_BESIDE: Final = text("""
    SELECT asked.id, array_agg(attempt.provider_message_id) AS message_ids
      FROM deliveries AS asked
      JOIN deliveries AS other ON other.address_hash = asked.address_hash AND other.id <> asked.id
                              AND other.created_at > asked.created_at - interval '3 days'
      JOIN delivery_attempts AS attempt ON attempt.delivery_id = other.id AND attempt.provider_message_id IS NOT NULL
     WHERE asked.id = ANY(CAST(:ids AS uuid[])) GROUP BY asked.id
""")


class AttemptReader:
    """Reads attempts, and what they have left with their deliveries."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def past(self, ids: Sequence[UUID]) -> Mapping[UUID, Met]:
        """What those of these deliveries have met that are there."""
        past: dict[UUID, Met] = {}
        for row in await self._session.execute(_PAST, {"ids": list(ids)}):
            found = past.setdefault(row.id, Met(waits_since=row.waits_since))
            if row.outcome is not None:
                found.attempts.append(Tried(row.provider, row.outcome, row.started_at))
        return past

    async def message_ids_beside(self, ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
        """For each of these deliveries, the provider's ids of other messages to the same address of the last three days."""
        found = await self._session.execute(_BESIDE, {"ids": list(ids)})
        return {row.id: frozenset(row.message_ids) for row in found}
