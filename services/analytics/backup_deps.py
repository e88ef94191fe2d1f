"""How making, trying and reading backups is put together, for endpoints and tasks alike."""

from typing import TYPE_CHECKING

from services.analytics.backups.making import BackupMaking
from services.analytics.backups.retention import Kept
from services.analytics.backups.service import BackupBook, Backups
from services.analytics.drills.drilling import Drilling
from services.analytics.drills.service import DrillBook, Drills
from services.analytics.settings import AnalyticsSettings
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.dumps.dumping import Dumping, Plan, check_folder
from shared.runtime.dumps.errors import NotSetUp
from shared.runtime.dumps.programs import Programs
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from pydantic import SecretStr


def backups(session: Session, by: str, clock: Clock) -> Backups:
    """Asks for backups, in the session's unit of work."""
    return Backups(session, AuditLog(session, by), clock)


def drills(session: Session, by: str, clock: Clock) -> Drills:
    """Asks for drills, in the session's unit of work."""
    return Drills(session, AuditLog(session, by), clock)


def backup_book(session: Session, clock: Clock) -> BackupBook:
    """The rows of backups, in the session's unit of work."""
    return BackupBook(session, clock)


def drill_book(session: Session, clock: Clock) -> DrillBook:
    """The rows of drills, in the session's unit of work."""
    return DrillBook(session, clock)


def making(runtime: ProcessRuntime) -> BackupMaking:
    """Makes backups. Raises NotSetUp."""
    settings = _settings(runtime)
    folder = check_folder(settings.backup_dir)
    plan = Plan(_url(settings.backup_database_url, "BACKUP_DATABASE_URL"), folder, settings.backup_schemas)
    rule = Kept(settings.backup_keep_recent, settings.backup_keep_daily, settings.backup_keep_weekly)
    dumping = Dumping(plan, Programs(settings.postgres_programs), runtime.clock)
    timeout_s = settings.backup_timeout_s
    return BackupMaking(runtime.database.unit_of_work, dumping, folder, rule, runtime.clock, timeout_s=timeout_s)


def drilling(runtime: ProcessRuntime) -> Drilling:
    """Tries backups. Raises NotSetUp."""
    settings = _settings(runtime)
    url, folder = _url(settings.restore_drill_url, "RESTORE_DRILL_URL"), check_folder(settings.backup_dir)
    programs, timeout_s = Programs(settings.postgres_programs), settings.backup_timeout_s
    return Drilling(runtime.database.unit_of_work, url, folder, programs, runtime.clock, timeout_s=timeout_s)


def _settings(runtime: ProcessRuntime) -> AnalyticsSettings:
    assert isinstance(runtime.settings, AnalyticsSettings), "analytics' own worker has them"
    return runtime.settings


def _url(value: "SecretStr | None", name: str) -> str:
    if value is None:
        raise NotSetUp(f"set {name} for the worker of analytics.backup")
    return value.get_secret_value()
