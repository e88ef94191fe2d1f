"""Messages that the alerts service owns."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract, Event, UtcDatetime
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


class SendAlertEmail(Command):
    """Tell an alert's recipients now, though they were told before or their mails were given up."""

    contract: ClassVar = Contract(
        "alerts.send_alert_email", (lanes.ALERTS_DEFAULT,), RetryPolicy(max_retries=5, base_s=5), max_batch=1
    )

    alert_id: UUID
    requested_by: str | None = Field(default=None, max_length=200, description="Who asks, for the alert's timeline.")


class WakeAlerts(Command):
    """Open the snoozed alerts whose time has come."""

    contract: ClassVar = Contract(
        "alerts.wake_alerts", (lanes.ALERTS_DEFAULT,), RetryPolicy(max_retries=5, base_s=5), max_batch=1
    )

    as_of: UtcDatetime | None = Field(default=None, description="Defaults to the moment of sending.")


class OrganizationAlerts(BaseModel):
    """How many alerts were raised for one organization, by severity."""

    model_config = ConfigDict(frozen=True)

    organization_id: UUID
    info: int = Field(default=0, ge=0, le=1_000_000)
    warning: int = Field(default=0, ge=0, le=1_000_000)
    high: int = Field(default=0, ge=0, le=1_000_000)
    critical: int = Field(default=0, ge=0, le=1_000_000)

    @property
    def total(self) -> int:
        """Of any severity."""
        return self.info + self.warning + self.high + self.critical


class AlertsRaised(Event):
    """A chunk of an evaluation run, or the evaluation of one shipment, has raised alerts.

    run_id: None for a single evaluation. part: counted from 1; a chunk that concerns more organizations than one event
    holds is told in several. raised: how many alerts this event tells of; `GET /v1/alerts?run_id=…` of the alerts service
    lists them.
    """

    contract: ClassVar = Contract("alerts.alerts_raised", (lanes.ANALYTICS_NORMAL,), max_batch=100)

    run_id: UUID | None = None
    chunk: int = Field(default=1, ge=1)
    part: int = Field(default=1, ge=1)
    as_of: date
    raised: int = Field(ge=1)
    organizations: tuple[OrganizationAlerts, ...] = Field(min_length=1, max_length=300)
