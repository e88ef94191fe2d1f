"""The HTTP API of the analytics service: `uvicorn services.analytics.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.analytics import access_deps, event_deps
from services.analytics.access_audit.endpoints import router as access_audit
from services.analytics.alert_counts.endpoints import router as alert_counts
from services.analytics.api_keys.endpoints import router as api_keys
from services.analytics.archives.endpoints import router as archives
from services.analytics.backups.endpoints import router as backups
from services.analytics.behavior.endpoints import router as behavior
from services.analytics.cached_answers.endpoints import router as caches
from services.analytics.drills.endpoints import router as drills
from services.analytics.event_names.endpoints import router as event_names
from services.analytics.events.endpoints import router as events
from services.analytics.health.endpoints import router as health
from services.analytics.kpis import endpoints as kpis
from services.analytics.lanes.endpoints import router as queues
from services.analytics.letters.endpoints import router as dead_letters
from services.analytics.monitoring_alerts.endpoints import router as monitoring_alerts
from services.analytics.monitoring_alerts.endpoints import webhook as alertmanager_webhook
from services.analytics.monitoring_deps import kept_watch
from services.analytics.monitoring_task_deps import kept_collector
from services.analytics.operators.endpoints import router as operators
from services.analytics.optimizations.endpoints import router as optimizations
from services.analytics.organizations.endpoints import router as organizations
from services.analytics.quarantine.endpoints import router as quarantine
from services.analytics.realtime.endpoints import router as realtime
from services.analytics.reports import endpoints as reports
from services.analytics.reports.link_endpoints import router as report_links
from services.analytics.revocations.endpoints import router as revocations
from services.analytics.sessions.endpoints import router as sessions
from services.analytics.settings import AnalyticsSettings
from services.analytics.settings import settings as read_settings
from services.analytics.signing_keys.endpoints import router as signing_keys
from services.analytics.silences.endpoints import router as silences
from services.analytics.slots.endpoints import router as schedule_slots
from services.analytics.sync_runs.endpoints import router as sync
from services.analytics.task_control.endpoints import router as task_control
from services.analytics.task_runs.endpoints import router as task_runs
from services.analytics.workers.endpoints import router as workers
from shared.runtime.http import app as http
from shared.runtime.operations.auth import access

MONITORING: Final[tuple[APIRouter, ...]] = (
    health,
    realtime,
    task_runs,
    queues,
    workers,
    schedule_slots,
    monitoring_alerts,
    silences,
    dead_letters,
    archives,
    task_control,
)
ACCESS: Final[tuple[APIRouter, ...]] = (sessions, organizations, operators, revocations, signing_keys, api_keys, access_audit)


def _monitoring(prefix: str, *, is_documented: bool) -> APIRouter:
    """Monitoring at one of its two paths. It shows the work of all organizations, so it is for callers who belong to none."""
    router = APIRouter(prefix=prefix, include_in_schema=is_documented)
    for one in MONITORING:
        router.include_router(one, dependencies=access("analytics", "read"))
    router.include_router(alertmanager_webhook)
    return router


ROUTERS: Final[tuple[APIRouter, ...]] = (
    events,
    alert_counts,
    event_names,
    quarantine,
    backups,
    drills,
    _monitoring("/v1/monitoring", is_documented=True),
    # The path that consoles for Celery are used to.
    _monitoring("/monitoring", is_documented=False),
    behavior,
    kpis.router,
    kpis.series,
    reports.router,
    reports.subscriptions,
    report_links,
    sync,
    caches,
    optimizations,
    *ACCESS,
)


def create_app(settings: AnalyticsSettings | type[AnalyticsSettings] = AnalyticsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(
        settings,
        ROUTERS,
        extras=(event_deps.kept_ingest, kept_watch, kept_collector, access_deps.kept_mirror),
        own_keys=access_deps.own_keys,
    )


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return http.serve(read_settings(), create_app)
