"""Deliveries that were given up although their provider has them: its report came after the last try, or during it."""

from collections.abc import Collection, Set
from typing import Final
from uuid import UUID

from services.notifications.deliveries.taken_repository import TakenRepository
from shared.contracts.lanes import lanes_of
from shared.runtime.db import Session
from shared.runtime.operations.dead_letters.repository import DeadLetterControl

BY: Final = "system:provider-reports"
_NOTE: Final = "the provider has reported that it took the message"


class LateReports:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._taken = TakenRepository(session)
        self._letters = DeadLetterControl(session, [lane.name for lane in lanes_of("notifications")])

    async def revive(self, ids: Collection[UUID]) -> Set[UUID]:
        """Let those of these failed deliveries come again that a provider has: their messages settle them as sent, with no call.

        Returns which. One whose dead letter somebody has settled stays as it is.
        """
        taken = await self._taken.taken(sorted(ids)) if ids else {}
        letters = await self._letters.of_messages(sorted(taken)) if taken else []
        if not letters:
            return set()
        revived = sorted(await self._letters.revive(letters, rate=len(letters)))
        await self._letters.settle(await self._letters.of_messages(revived), "replayed", BY, _NOTE)
        return set(revived)
