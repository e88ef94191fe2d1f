"""Statements on deliveries that a provider has taken and could not make."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session


class Waiting(NamedTuple):
    """A delivery that is to be sent again. error: why it has not arrived. after_s: until its turn."""

    id: UUID
    error: str
    after_s: float


# A report on an attempt that is not the newest says nothing of that one, and neither does one that a better one has overtaken.
_ATTEMPTS: Final = text("""
    SELECT deliveries.id, (SELECT count(*) FROM delivery_attempts AS taken
                            WHERE taken.delivery_id = deliveries.id AND taken.outcome = 'accepted') AS taken
      FROM deliveries
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:message_ids AS text[])) AS told(id, message_id) ON told.id = deliveries.id
      JOIN delivery_attempts AS newest ON newest.delivery_id = deliveries.id AND newest.number = deliveries.attempts
                                      AND newest.provider_message_id = told.message_id
     WHERE status = 'sent' AND receipt = 'bounced_soft'
""")

# The report stands in the timeline. The next attempt has none yet, and one that is lost must be missed.
_WAIT: Final = text("""
    UPDATE deliveries
       SET status = 'queued', finished_at = NULL, receipt = NULL, receipt_at = NULL, reason = :reason, error = row.error,
           held_until = now() + make_interval(secs => row.after_s)
      FROM unnest(CAST(:ids AS uuid[]), CAST(:errors AS text[]), CAST(:afters AS float8[])) AS row(id, error, after_s)
     WHERE deliveries.id = row.id AND status = 'sent'
""")

_SETTLED: Final = text("""
    SELECT id FROM deliveries
     WHERE id = ANY(CAST(:ids AS uuid[])) AND coalesce(receipt, 'processed') NOT IN ('processed', 'deferred') ORDER BY id
""")


class ResendingRepository:
    """Works in the session's unit of work, under the locks of the deliveries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def attempts(self, message_ids: Mapping[UUID, str | None]) -> Mapping[UUID, int]:
        """Of those deliveries that stand as not made for now, how many attempts were taken.

        message_ids: the provider's, by delivery, of what was reported; where that is not the newest attempt, it is left out.
        """
        rows = await self._session.execute(_ATTEMPTS, {"ids": list(message_ids), "message_ids": list(message_ids.values())})
        return {row.id: row.taken for row in rows}

    async def settled(self, ids: Sequence[UUID]) -> list[UUID]:
        """Those of the deliveries of whose newest attempt it is known how it has ended."""
        return list(await self._session.scalars(_SETTLED, {"ids": list(ids)}))

    async def wait(self, waiting: Sequence[Waiting], reason: str) -> None:
        """Let these wait for their next attempt."""
        ids, errors, afters = zip(*waiting, strict=True)
        await self._session.execute(_WAIT, {"ids": list(ids), "errors": list(errors), "afters": list(afters), "reason": reason})
