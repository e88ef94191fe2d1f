"""Alerts that end by themselves, because what they were about has changed; or begin again, because it has changed back."""

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
    """Resolves alerts whose shipment was told another ETA, or is released, delivered or cancelled.

    A shipment that was released by mistake is set back to a status that is watched; then those alerts are opened again.
    """

    def __init__(self, repository: ActionRepository, mails: UnsentMails) -> None:
        self._repository = repository
        self._mails = mails

    async def after_change(self, shipment_ids: Sequence[UUID]) -> int:
        """Resolve what these shipments have overtaken, and open again what a status had resolved that they have no more.

        In the name of who changed them; returns how many alerts that were.

        Call it after the statement that wrote the shipments and in the same unit of work: their rows are locked then, so no
        alert of an ETA that has passed can be raised or opened meanwhile.
        """
        followed = await self._repository.follow_shipments(shipment_ids)
        if followed.resolved:
            await self._mails.cancel(followed.resolved, RESOLVED)
        return len(followed.resolved) + len(followed.reopened)
