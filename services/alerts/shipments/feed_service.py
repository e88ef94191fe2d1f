"""Shipments as somebody outside tells of them."""

from collections.abc import Sequence

from services.alerts.alerts.auto_resolve import AutoResolve
from services.alerts.shipments.feed_repository import Applied, FeedRepository
from shared.contracts.alerts import ShipmentNews, ShipmentsReceived
from shared.runtime.outbox import Publisher


class ShipmentFeed:
    """Brings an organization's shipments to what is told of them, and lets alerts follow as after an import."""

    def __init__(self, shipments: FeedRepository, alerts: AutoResolve, publisher: Publisher) -> None:
        self._shipments = shipments
        self._alerts = alerts
        self._publisher = publisher

    async def apply(self, news: Sequence[ShipmentNews], recipients: Sequence[str]) -> Applied:
        """Of news of the same shipment the newest counts. The same news again change nothing."""
        newest: dict[str, ShipmentNews] = {}
        for one in sorted(news, key=lambda one: (one.reference, one.told_at)):
            newest[one.reference] = one
        applied = await self._shipments.apply(list(newest.values()), list(dict.fromkeys(recipients)))
        if applied.moved:
            await self._alerts.after_change(applied.moved)
        if applied.created or applied.moved:
            whose = self._shipments.organization_id
            self._publisher.publish(ShipmentsReceived(organization_id=whose, created=applied.created, changed=len(applied.moved)))
        return applied
