"""How the parts of the alerts service are put together, for endpoints and tasks alike."""

from services.alerts.alerts.emails import AlertEmails
from services.alerts.alerts.repository import AlertRepository
from services.alerts.evaluation.repository import EvaluationRepository
from services.alerts.evaluation.service import Evaluation
from services.alerts.shipments.repository import ShipmentRepository
from services.alerts.shipments.service import ShipmentImport
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher


def shipment_import(session: Session) -> ShipmentImport:
    """Imports, in the session's unit of work."""
    return ShipmentImport(ShipmentRepository(session))


def evaluation(session: Session) -> Evaluation:
    """Evaluates, in the session's unit of work."""
    return Evaluation(EvaluationRepository(session), Publisher(session))


def alert_emails(session: Session) -> AlertEmails:
    """Asks for e-mails and notes what became of them, in the session's unit of work."""
    return AlertEmails(AlertRepository(session), Publisher(session))
