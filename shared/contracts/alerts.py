"""Messages that the alerts service owns."""

from datetime import date
from typing import Annotated, ClassVar, Final, Literal
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


_EMAIL: Final = r"^[!-?A-~]{1,64}@[!-?A-~]+\.[!-?A-~]+$"
_Text = Annotated[str, Field(min_length=1, max_length=100)]


class ShipmentNews(BaseModel):
    """What somebody outside tells of a shipment.

    told_at: from when the news is; what is stored and is newer stays. customer, carrier, origin, destination, mode: of a shipment
    that is new; a known one keeps its own.
    """

    model_config = ConfigDict(frozen=True)

    reference: _Text
    told_at: UtcDatetime
    current_eta: date = Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))
    status: Literal["in_transit", "arrived", "customs_hold", "released", "delivered", "cancelled"]
    customer: str = Field(min_length=1, max_length=200)
    carrier: _Text
    origin: _Text
    destination: _Text
    mode: Literal["sea", "air", "road", "rail", "parcel", "multimodal"] | None = None


class UpsertShipments(Command):
    """Create the shipments of an organization that are new, and bring the known ones to what is told of them, by reference.

    source: who tells it. recipients: who is told of the alerts of those that are new. Answers how many were new, changed, left
    as they were, told of something older than what is stored, and told of a status that they cannot take.
    """

    contract: ClassVar = Contract(
        "alerts.upsert_shipments",
        (lanes.ALERTS_DEFAULT,),
        RetryPolicy(max_retries=5, base_s=5),
        max_batch=1,
        answer=Answer(),
    )

    organization_id: UUID
    source: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,49}$")
    shipments: tuple[ShipmentNews, ...] = Field(min_length=1, max_length=100)
    recipients: tuple[Annotated[str, Field(max_length=254, pattern=_EMAIL)], ...] = Field(default=(), max_length=20)


class ArchiveOldRows(Command):
    """Put rows of alerts and runs that ended long ago into files, and delete them; nothing where ARCHIVE_DIR is not set.

    slot: the scheduled moment. older_than_days: in the place of each table's own age. page: counted from 1; what one message does
    not get done the next one does, which it sends itself.
    """

    contract: ClassVar = Contract(
        "alerts.archive_old_rows", (lanes.ALERTS_DEFAULT,), RetryPolicy(max_retries=10, base_s=30, cap_s=1800), max_batch=1
    )

    slot: UtcDatetime | None = None
    older_than_days: int | None = Field(default=None, ge=30, le=36_500)
    page: int = Field(default=1, ge=1)


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


class ShipmentsReceived(Event):
    """Shipments of an organization were created or changed; how many of each. It was when the message was sent."""

    contract: ClassVar = Contract("alerts.shipments_received", (lanes.ANALYTICS_NORMAL,), max_batch=500)

    organization_id: UUID
    created: int = Field(default=0, ge=0, le=100_000_000)
    changed: int = Field(default=0, ge=0, le=100_000_000)
