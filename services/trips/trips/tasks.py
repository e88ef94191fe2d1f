"""Statuses of trips by message."""

from services.trips import deps
from shared.contracts.trips import BroadcastTripStatus
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(BroadcastTripStatus)
async def broadcast_trip_status(session: Session, received: Received[BroadcastTripStatus]) -> None:
    """Take a trip to its next status, and tell those who follow it."""
    await deps.status_broadcast(session).carry_out(received)
