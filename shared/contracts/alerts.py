"""Messages that the alerts service owns."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy


class EvaluateShipments(Command):
    """Raise alerts for every shipment that is late enough on the day of `as_of`."""

    contract: ClassVar = Contract("alerts.evaluate_shipments", (lanes.ALERTS_EVALUATION,), max_batch=1, answer=Answer())

    as_of: UtcDatetime | None = Field(default=None, description="Defaults to the moment of sending.")


class EvaluateShipment(Command):
    """Evaluate one shipment now and answer which step fired, or why none did."""

    contract: ClassVar = Contract("alerts.evaluate_shipment", (lanes.ALERTS_EVALUATION,), max_batch=1, answer=Answer())

    shipment_id: UUID
    as_of: UtcDatetime | None = None


class QueuePendingEmails(Command):
    """Ask for the e-mails of all alerts that nobody has been told of yet."""

    contract: ClassVar = Contract(
        "alerts.queue_pending_emails", (lanes.ALERTS_DEFAULT,), RetryPolicy(max_retries=5, base_s=5), max_batch=1
    )
