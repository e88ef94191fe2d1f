"""Telling whoever asked for a delivery that it has ended."""

from datetime import datetime

from services.notifications.deliveries.repository import DeliveryResult
from shared.contracts.notifications import DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.outbox import publish


def tell_requester(session: Session, requester: str | None, result: DeliveryResult, finished_at: datetime) -> None:
    """Tell the service that asked, where it listens. Others would only throw the event away."""
    if requester is None:
        return
    service = requester.partition(".")[0]
    finished = DeliveryFinished.model_validate(
        {
            "delivery_id": result.id,
            "requester": requester,
            "status": result.status.value,
            "retries": result.retries,
            "finished_at": finished_at,
            "error": result.error,
        }
    )
    publish(session, finished, lanes=[lane for lane in finished.contract.lanes if lane.owner == service])
