"""How reports are put together."""

from services.analytics import behavior_deps, kpi_deps, rollup_deps
from services.analytics.reports.daily import DailyReports
from services.analytics.reports.gathering import Gathering
from services.analytics.reports.letters import Letters
from services.analytics.reports.making import Making
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.service import Requesting
from services.analytics.reports.subscribing import Subscriptions
from services.analytics.reports.work import ReportWork
from services.analytics.rollups.rolling_repository import RollupStateReader
from services.analytics.settings import AnalyticsSettings
from shared.runtime.clock import Clock
from shared.runtime.db import Database, Session
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime


def requesting(session: Session, clock: Clock, *, by: str) -> Requesting:
    """Asks for reports, in the session's unit of work."""
    return Requesting(ReportRepository(session), Publisher(session), clock, by=by)


def subscriptions(session: Session, clock: Clock, *, by: str) -> Subscriptions:
    """Changes who gets the daily report, in the session's unit of work."""
    return Subscriptions(ReportRepository(session), clock, by=by)


def daily_reports(database: Database, clock: Clock) -> DailyReports:
    """Asks for the daily reports."""
    return DailyReports(database.unit_of_work, clock)


def report_work(runtime: ProcessRuntime) -> ReportWork:
    """The effect of `analytics.generate_report`."""
    settings, clock = runtime.settings, runtime.clock
    assert isinstance(settings, AnalyticsSettings), "it is this service's process"

    def gathering(session: Session) -> Gathering:
        return Gathering(kpi_deps.kpis(session, clock), behavior_deps.behavior(session, clock), RollupStateReader(session))

    unit_of_work = runtime.database.unit_of_work
    rolling = rollup_deps.rolling(runtime.database, clock)
    making = Making(unit_of_work, rolling, gathering, Letters(settings.analytics_public_url), clock)
    return ReportWork(unit_of_work, making, clock)
