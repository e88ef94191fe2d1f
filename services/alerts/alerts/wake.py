"""Snoozed alerts whose time has come."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.alerts.alerts.action_repository import ActionRepository
from shared.contracts.alerts import WakeAlerts
from shared.runtime.outbox import Publisher

ALERTS_PER_MESSAGE: Final = 10_000
"""So many alerts are opened in one transaction; the rest by a message that follows."""


class Wake:
    """Opens alerts that were snoozed until now."""

    def __init__(self, repository: ActionRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def run(self, message_id: UUID, as_of: datetime) -> int:
        """Open what is snoozed until `as_of` or an earlier moment; returns how many. A second time there is nothing left."""
        woken = await self._repository.wake(as_of, message_id, ALERTS_PER_MESSAGE)
        if woken == ALERTS_PER_MESSAGE:
            self._publisher.publish(WakeAlerts(as_of=as_of))
        return woken
