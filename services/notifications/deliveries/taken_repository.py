"""Statements on attempts that got no answer, and of which the provider has reported all the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

CONFIRMED: Final = "the provider has reported that it took the message"


@dataclass(frozen=True, slots=True)
class Taken:
    """An attempt that a provider has taken without our knowing it, or has delivered after all.

    number: of the attempt. provider: the account. message_id: how the account calls the message.
    """

    number: int
    provider: str
    message_id: str


# A report on a call whose answer is known says nothing of a later one: such an answer holds the provider's id as well.
_TAKEN: Final = text("""
    SELECT DISTINCT ON (attempt.delivery_id) attempt.delivery_id, attempt.number, attempt.provider,
           event.provider_message_id AS message_id
      FROM deliveries
      JOIN delivery_attempts AS attempt ON attempt.delivery_id = deliveries.id
      JOIN delivery_events AS event
        ON event.delivery_id = deliveries.id AND event.provider = attempt.provider AND event.provider_message_id IS NOT NULL
     WHERE deliveries.id = ANY(CAST(:ids AS uuid[])) AND deliveries.status NOT IN ('sent', 'dropped')
       AND (coalesce(attempt.outcome, 'unknown') = 'unknown'
            AND NOT EXISTS (SELECT FROM delivery_attempts AS answered
                             WHERE answered.delivery_id = deliveries.id
                               AND answered.provider_message_id = event.provider_message_id)
            OR attempt.outcome = 'accepted' AND deliveries.receipt = 'delivered'
               AND attempt.provider_message_id = event.provider_message_id)
     ORDER BY attempt.delivery_id, attempt.number DESC, event.occurred_at, event.id
""")

_CONFIRM: Final = text("""
    UPDATE delivery_attempts AS known
       SET outcome = 'accepted', finished_at = coalesce(known.finished_at, :now), detail = :confirmed,
           provider_message_id = row.message_id
      FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[]), CAST(:message_ids AS text[])) AS row(id, number, message_id)
     WHERE known.delivery_id = row.id AND known.number = row.number AND known.outcome IS DISTINCT FROM 'accepted'
""")


class TakenRepository:
    """Finds and confirms such attempts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def taken(self, ids: Sequence[UUID]) -> Mapping[UUID, Taken]:
        """Those of the deliveries that have not ended and that a provider has, as its report shows.

        What was said not to have arrived, waits to be sent again and has arrived after all is among them.
        """
        found = await self._session.execute(_TAKEN, {"ids": list(ids)})
        return {row.delivery_id: Taken(row.number, row.provider, row.message_id) for row in found}

    async def confirm(self, taken: Mapping[UUID, Taken], now: datetime) -> None:
        """The attempts were taken; call it before what has no outcome is closed."""
        await self._session.execute(
            _CONFIRM,
            {
                "ids": list(taken),
                "numbers": [one.number for one in taken.values()],
                "message_ids": [one.message_id for one in taken.values()],
                "now": now,
                "confirmed": CONFIRMED,
            },
        )
