"""Telling whoever asked for a delivery that it has ended, or that it takes longer."""

from datetime import datetime

from services.notifications.deliveries.repository import DeliveryResult
from shared.contracts.message import Event
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.outbox import publish


def tell_finished(session: Session, requester: str | None, result: DeliveryResult, finished_at: datetime) -> None:
    """Tell the service that asked how its delivery has ended."""
    if requester is None:
        return
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
    _publish_to(session, requester, finished)


def tell_delayed(session: Session, requester: str | None, result: DeliveryResult, error: str, failed_at: datetime) -> None:
    """Tell the service that asked that there will be another try."""
    if requester is None:
        return
    delayed = DeliveryDelayed(
        delivery_id=result.id, requester=requester, retries=result.retries, failed_at=failed_at, error=error
    )
    _publish_to(session, requester, delayed)


def _publish_to(session: Session, requester: str, event: Event) -> None:
    """Where that service listens. Others would only throw the event away."""
    service = requester.partition(".")[0]
    publish(session, event, lanes=[lane for lane in event.contract.lanes if lane.owner == service])
