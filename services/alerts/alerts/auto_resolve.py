"""Alerts that end by themselves: what they were about has changed."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from services.alerts.alerts.action_repository import ActionRepository

RESOLVED: Final = "the alert was resolved"
"""Why its unsent mails are cancelled."""


class UnsentMails(Protocol):
    """Mails of alerts that have been asked for, or will be."""

    async def cancel(self, alert_ids: Sequence[UUID], reason: str) -> None:
        """Have what was not sent of these alerts' mails not be sent."""


class AutoResolve:
    """Resolves alerts whose shipment was told another ETA, or is released, delivered or cancelled."""

    def __init__(self, repository: ActionRepository, mails: UnsentMails) -> None:
        self._repository = repository
        self._mails = mails

    async def after_change(self, shipment_ids: Sequence[UUID]) -> int:
        """Resolve what these shipments have overtaken, in the name of who changed them; returns how many alerts.

        Call it after the statement that wrote the shipments and in the same unit of work: their rows are locked then, so no
        alert of an ETA that has passed can be raised or opened meanwhile.
        """
        resolved = await self._repository.resolve_overtaken(shipment_ids)
        if resolved:
            await self._mails.cancel(resolved, RESOLVED)
        return len(resolved)
