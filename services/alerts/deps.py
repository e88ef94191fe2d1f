"""How the parts of the alerts service are put together, for endpoints and tasks alike."""

from datetime import date
from uuid import UUID

from services.alerts.alert_emails.outcome_repository import EmailOutcomeRepository
from services.alerts.alert_emails.repository import AlertEmailRepository
from services.alerts.alert_emails.service import AlertEmails
from services.alerts.alerts.action_repository import ActionRepository
from services.alerts.alerts.actions import AlertActions
from services.alerts.alerts.auto_resolve import AutoResolve
from services.alerts.alerts.counts import Counts
from services.alerts.alerts.export import AlertExport
from services.alerts.alerts.report_repository import ReportReader
from services.alerts.alerts.repository import AlertReader, TimelineRepository
from services.alerts.alerts.wake import Wake
from services.alerts.calendars.repository import CalendarReader, CalendarRepository
from services.alerts.calendars.service import CalendarCatalogue, Calendars
from services.alerts.evaluation.repository import EvaluationRepository
from services.alerts.evaluation.run import EvaluationRuns
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.evaluation.service import Evaluation
from services.alerts.policies.dry_run import DryRun
from services.alerts.policies.dry_run_repository import DryRunReader
from services.alerts.policies.repository import PolicyReader, PolicyRepository
from services.alerts.policies.service import Policies, PolicyCatalogue
from services.alerts.shipments.feed_repository import FeedRepository
from services.alerts.shipments.feed_service import ShipmentFeed
from services.alerts.shipments.import_repository import ImportRepository
from services.alerts.shipments.import_service import ShipmentImport
from services.alerts.shipments.models import IMPORT, MAX_ACTOR
from services.alerts.shipments.repository import ShipmentRepository
from services.alerts.shipments.service import Shipments
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime


def shipment_import(session: Session, organization_id: UUID, *, today: date, changed_by: str = IMPORT) -> ShipmentImport:
    """Imports for an organization, in the session's unit of work."""
    shipments = ImportRepository(session, organization_id, today=today, changed_by=changed_by[:MAX_ACTOR])
    return ShipmentImport(shipments, auto_resolve(session), Publisher(session))


def shipment_feed(session: Session, organization_id: UUID, *, source: str) -> ShipmentFeed:
    """Takes what a source outside tells of an organization's shipments, in the session's unit of work."""
    shipments = FeedRepository(session, organization_id, changed_by=f"source:{source}")
    return ShipmentFeed(shipments, auto_resolve(session), Publisher(session))


def shipments(session: Session, caller: Principal) -> Shipments:
    """Writes shipments for a caller, in the session's unit of work."""
    repository, alerts, by = ShipmentRepository(session), auto_resolve(session), caller.id[:MAX_ACTOR]
    return Shipments(repository, alerts, Publisher(session), caller.organization_id, by=by)


def evaluation(session: Session) -> Evaluation:
    """Evaluates, in the session's unit of work."""
    return Evaluation(EvaluationRepository(session), RunRepository(session), Publisher(session))


def evaluation_runs(runtime: ProcessRuntime) -> EvaluationRuns:
    """Runs over all shipments, each chunk in a unit of work of its own."""
    return EvaluationRuns(runtime.database.unit_of_work, runtime.clock)


def alert_emails(session: Session) -> AlertEmails:
    """Asks for e-mails and notes what became of them, in the session's unit of work."""
    return AlertEmails(
        AlertEmailRepository(session), EmailOutcomeRepository(session), TimelineRepository(session), Publisher(session)
    )


def auto_resolve(session: Session) -> AutoResolve:
    """Resolves what a change of shipments has overtaken, in the session's unit of work."""
    return AutoResolve(ActionRepository(session), alert_emails(session))


def calendar_catalogue(session: ReadSession) -> CalendarCatalogue:
    """Reads calendars."""
    return CalendarCatalogue(CalendarReader(session))


def policy_catalogue(session: ReadSession) -> PolicyCatalogue:
    """Reads policies."""
    return PolicyCatalogue(PolicyReader(session))


def policies(session: Session) -> Policies:
    """Writes policies, in the session's unit of work."""
    calendars = Calendars(CalendarReader(session), CalendarRepository(session))
    return Policies(PolicyReader(session), PolicyRepository(session), calendars)


def dry_run(session: ReadSession) -> DryRun:
    """Counts what a policy would have raised."""
    return DryRun(DryRunReader(session), PolicyReader(session), calendar_catalogue(session))


def alert_actions(session: Session, clock: Clock) -> AlertActions:
    """What people do about alerts, in the session's unit of work."""
    reader, timeline = AlertReader(session), TimelineRepository(session)
    return AlertActions(ActionRepository(session), reader, timeline, alert_emails(session), clock)


def wake(session: Session) -> Wake:
    """Opens what was snoozed, in the session's unit of work."""
    return Wake(ActionRepository(session), Publisher(session))


def alert_export(database: Database) -> AlertExport:
    """Exports alerts, each page in a transaction of its own."""
    return AlertExport(database)


def alert_counts(session: ReadSession, clock: Clock) -> Counts:
    """Counts alerts."""
    return Counts(ReportReader(session), clock)
