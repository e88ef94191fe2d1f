"""Who gets what in showing, erasing and forgetting personal data."""

from services.notifications import deps
from services.notifications.cancellations.repository import CancellationRepository
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.people.repository import PersonRepository
from services.notifications.privacy.erasure import Erasure
from services.notifications.privacy.export import PersonExport
from services.notifications.privacy.person_repository import HoldingRepository
from services.notifications.privacy.retention import Retention
from shared.runtime.db import Database, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.process import ProcessRuntime


def person_export(database: Database, runtime: HttpRuntime) -> PersonExport:
    """Showing a person all that is held."""
    return PersonExport(database, deps.address_hasher(runtime.settings), runtime.clock)


def erasure(session: Session, runtime: HttpRuntime, by: str) -> Erasure:
    """Erasing people in the session's unit of work. by: who does it."""
    people, holdings, cancellations = PersonRepository(session), HoldingRepository(session), CancellationRepository(session)
    dropped, hasher, audit = DroppedDeliveries(session), deps.address_hasher(runtime.settings), AuditLog(session, by)
    return Erasure(people, holdings, cancellations, dropped, hasher, audit, runtime.clock)


def retention(runtime: ProcessRuntime) -> Retention:
    """The effect of `notifications.remove_expired_data`."""
    days = deps.own_settings(runtime.settings).delivery_retention_days
    return Retention(runtime.database.unit_of_work, days, runtime.clock)
