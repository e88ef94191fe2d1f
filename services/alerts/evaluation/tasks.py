"""Evaluation by message."""

from typing import Any

from services.alerts.deps import evaluation
from shared.contracts.alerts import EvaluateShipment, EvaluateShipments
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(EvaluateShipments)
async def evaluate_shipments(session: Session, received: Received[EvaluateShipments]) -> dict[str, Any]:
    """Raise the alerts of all shipments that are late enough; answers the run's counts."""
    summary = await evaluation(session).run(received.id, received.message.as_of, asked_at=received.occurred_at)
    return summary.model_dump(mode="json")


@task(EvaluateShipment)
async def evaluate_shipment(session: Session, received: Received[EvaluateShipment]) -> dict[str, Any]:
    """Evaluate one shipment; answers which step fired, or why none did."""
    asked = received.message
    explanation = await evaluation(session).explain(asked.shipment_id, asked.as_of, asked_at=received.occurred_at)
    return explanation.model_dump(mode="json")
