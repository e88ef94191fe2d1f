"""Shipments by message."""

from services.alerts import deps
from shared.contracts.alerts import UpsertShipments
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(UpsertShipments)
async def upsert_shipments(session: Session, received: Received[UpsertShipments]) -> dict[str, int]:
    """Writes what somebody outside tells of shipments; answers what became of it."""
    told = received.message
    feed = deps.shipment_feed(session, told.organization_id, source=told.source)
    applied = await feed.apply(told.shipments, told.recipients)
    return {
        "created": applied.created,
        "changed": len(applied.moved),
        "unchanged": applied.unchanged,
        "outdated": applied.outdated,
        "refused": applied.refused,
    }
