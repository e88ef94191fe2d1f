"""Statements on what the normal path has left behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

LOOKED_AT: Final = 20_000
"""Letters, and mails, that one sweep looks at."""

# A letter that this sweep has replayed before is left to people. What has died without an answer to its call might go out twice.
# What it waits for is the account by which it would go out, and for mails without their documents whoever has these.
_OF_OUTAGES: Final = text("""
    WITH of_outages AS (
        SELECT letter.id, letter.died_at, letter.reason, deliveries.organization_id,
               coalesce(route.accounts[1], :usual) AS name
          FROM dead_letters AS letter
          LEFT JOIN deliveries ON deliveries.id = letter.message_id
          LEFT JOIN provider_routes AS route ON route.organization_id = deliveries.organization_id AND route.channel = 'email'
         WHERE letter.status = 'open' AND letter.name = ANY(CAST(:names AS text[]))
           AND message_id IS NOT NULL AND lane IS NOT NULL
           AND (letter.reason = ANY(CAST(:reasons AS text[]))
                OR (letter.reason = 'retries_exhausted' AND error_class = 'transient'))
           AND letter.died_at > now() - make_interval(secs => :within_s)
           AND NOT EXISTS (SELECT FROM dead_letters AS earlier
                            WHERE earlier.message_id = letter.message_id AND earlier.settled_by = :by)
         ORDER BY letter.died_at, letter.id LIMIT :looked_at
    ), waiting AS (
        SELECT of_outages.id, of_outages.died_at,
               CASE reason WHEN 'document' THEN 'document' ELSE concat_ws('/', own.organization_id, of_outages.name) END AS needs
          FROM of_outages
          LEFT JOIN provider_accounts AS own ON own.organization_id = of_outages.organization_id AND own.name = of_outages.name
    ), ranked AS (
        SELECT id, needs, row_number() OVER (PARTITION BY needs ORDER BY died_at, id) AS place FROM waiting
    )
    SELECT letter.id FROM dead_letters AS letter JOIN ranked ON ranked.id = letter.id
     WHERE letter.status = 'open' AND (needs = ANY(CAST(:works AS text[])) OR place = 1)
     ORDER BY died_at, letter.id LIMIT :limit FOR UPDATE OF letter SKIP LOCKED
""")

# The newest mails alone: to look for one of a quiet account among all of an hour costs more than to let one go ahead.
_WORKS: Final = text("""
    SELECT DISTINCT concat_ws('/', own.organization_id, newest.provider) AS works
      FROM (SELECT provider, organization_id, status, finished_at FROM deliveries
             WHERE channel = 'email' AND created_at > now() - make_interval(secs => :within_s + 3600)
             ORDER BY created_at DESC, id DESC LIMIT :looked_at) AS newest
      LEFT JOIN provider_accounts AS own ON own.organization_id = newest.organization_id AND own.name = newest.provider
     WHERE status = 'sent' AND finished_at > now() - make_interval(secs => :within_s) AND provider IS NOT NULL
     UNION ALL
    SELECT 'document' WHERE EXISTS (
        SELECT FROM dead_letters AS letter JOIN deliveries ON deliveries.id = letter.message_id
         WHERE letter.settled_by = :by AND letter.reason = 'document' AND deliveries.status = 'sent'
           AND letter.died_at > now() - make_interval(secs => :letters_within_s)
           AND deliveries.finished_at > now() - make_interval(secs => :within_s))
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
    """What is swept. by: whose name stands in the letters that it settles. within_s: how long ago they died at most. usual: the
    account by which mails go out whose organization has chosen none."""

    names: Sequence[str]
    reasons: Sequence[str]
    by: str
    within_s: float
    usual: str


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

    async def of_outages(self, sweep: Sweep, works: Sequence[str], limit: int) -> list[UUID]:
        """Open letters of messages that died of an outage, the oldest first, held until the unit of work ends.

        works: what is known to work; of the letters that wait for anything else, the oldest goes ahead to find out.
        """
        bound = {"names": list(sweep.names), "reasons": list(sweep.reasons), "by": sweep.by, "within_s": sweep.within_s}
        bound |= {"usual": sweep.usual, "works": list(works), "looked_at": LOOKED_AT, "limit": limit}
        return list(await self._session.scalars(_OF_OUTAGES, bound))

    async def works(self, sweep: Sweep, within_s: float) -> list[str]:
        """The accounts that have taken an e-mail so shortly ago, and `document` where one that waited for its documents has
        gone out."""
        bound = {"within_s": within_s, "by": sweep.by, "letters_within_s": 2 * sweep.within_s, "looked_at": LOOKED_AT}
        return list(await self._session.scalars(_WORKS, bound))

    async def lost(self, older_s: float, limit: int) -> list[Lost]:
        """Deliveries that have not ended and that nobody will take up, held until the unit of work ends."""
        return [Lost(*row) for row in await self._session.execute(_LOST, {"older_s": older_s, "limit": limit})]
