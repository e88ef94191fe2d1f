"""Statements on what the normal path has left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

# A letter that this sweep has replayed before is left to people. What has died without an answer to its call might go out twice.
_OF_OUTAGES: Final = text("""
    SELECT letter.id FROM dead_letters AS letter
     WHERE status = 'open' AND name = ANY(CAST(:names AS text[])) AND message_id IS NOT NULL AND lane IS NOT NULL
       AND (reason = ANY(CAST(:reasons AS text[])) OR (reason = 'retries_exhausted' AND error_class = 'transient'))
       AND died_at > now() - make_interval(secs => :within_s)
       AND NOT EXISTS (SELECT FROM dead_letters AS earlier
                        WHERE earlier.message_id = letter.message_id AND earlier.settled_by = :by)
     ORDER BY died_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_WORKS: Final = text("""
    SELECT EXISTS (SELECT FROM deliveries
                    WHERE channel = 'email' AND status = 'sent' AND created_at > now() - make_interval(secs => :within_s + 3600)
                      AND finished_at > now() - make_interval(secs => :within_s))
""")

# Neither waits for its turn nor lies with an operator: nobody would ever take it up again.
_LOST: Final = text("""
    SELECT id, requester, retries FROM deliveries
     WHERE id IN (SELECT id FROM deliveries WHERE unsent = 'queued'
                   UNION ALL SELECT delivery_id FROM delivery_attempts WHERE outcome IS NULL)
       AND status IN ('queued', 'sending') AND created_at < now() - make_interval(secs => :older_s)
       AND NOT EXISTS (SELECT FROM inbox WHERE inbox.id = deliveries.id AND state IN (1, 2, 3, 4, 7))
       AND NOT EXISTS (SELECT FROM outbox WHERE outbox.id = deliveries.id)
     ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is swept. by: whose name stands in the letters that it settles. within_s: how long ago they died at most."""

    names: Sequence[str]
    reasons: Sequence[str]
    by: str
    within_s: float


@dataclass(frozen=True, slots=True)
class Lost:
    """A delivery whose message is gone."""

    id: UUID
    requester: str | None
    retries: int


class SweepRepository:
    """Finds what the normal path has left behind."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_outages(self, sweep: Sweep, limit: int) -> list[UUID]:
        """Open letters of messages that died of an outage, the oldest first, held until the unit of work ends."""
        bound = {"names": list(sweep.names), "reasons": list(sweep.reasons), "by": sweep.by, "within_s": sweep.within_s}
        return list(await self._session.scalars(_OF_OUTAGES, {**bound, "limit": limit}))

    async def works(self, within_s: float) -> bool:
        """Whether an e-mail has been taken so shortly ago."""
        found: bool = (await self._session.execute(_WORKS, {"within_s": within_s})).scalar_one()
        return found

    async def lost(self, older_s: float, limit: int) -> list[Lost]:
        """Deliveries that have not ended and that nobody will take up, held until the unit of work ends."""
        return [Lost(*row) for row in await self._session.execute(_LOST, {"older_s": older_s, "limit": limit})]
