"""Telling the analytics service that an API key of its was used, at most every five minutes for a key and process."""

import logging
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from shared.contracts.analytics import NoteKeyUse
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.outbox import publish

logger = logging.getLogger(__name__)
EVERY_S: Final = 300.0
MOST: Final = 10_000


class KeyUses:
    """One in a process."""

    def __init__(self, database: Database, service: str, clock: Clock) -> None:
        self._database = database
        self._service = service
        self._clock = clock
        self._told: dict[str, float] = {}

    async def note(self, key_id: str) -> None:
        """Never raises: nobody is refused because it could not be noted."""
        now = time.monotonic()
        if now - self._told.get(key_id, float("-inf")) < EVERY_S:
            return
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[key_id] = now
        try:
            async with self._database.unit_of_work() as session:
                publish(session, NoteKeyUse(key_id=key_id, service=self._service, used_at=self._clock()))
        except (SQLAlchemyError, OSError) as error:
            logger.warning("key_use_not_noted", extra={"error": type(error).__name__})
