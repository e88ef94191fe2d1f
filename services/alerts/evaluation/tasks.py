"""Evaluation by message."""

from typing import Any

from services.alerts import deps
from services.alerts.evaluation.run import EvaluationRuns
from shared.contracts.alerts import EvaluateShipment, EvaluateShipments
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


@effect(EvaluateShipments)
def evaluate_shipments(runtime: ProcessRuntime) -> EvaluationRuns:
    """Raises the alerts of all shipments that are late enough; answers the run's counts."""
    return deps.evaluation_runs(runtime)


@task(EvaluateShipment)
async def evaluate_shipment(session: Session, received: Received[EvaluateShipment]) -> dict[str, Any]:
    """Evaluate one shipment; answers which step fired, or why none did."""
    asked = received.message
    explanation = await deps.evaluation(session).explain(asked.shipment_id, asked.as_of, asked_at=received.occurred_at)
    return explanation.model_dump(mode="json")
