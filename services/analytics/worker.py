"""The Celery application of the analytics service: `celery -A services.analytics.worker worker`."""

from services.analytics.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.analytics.archives.tasks",
    "services.analytics.access_audit.tasks",
    "services.analytics.alert_counts.tasks",
    "services.analytics.api_keys.tasks",
    "services.analytics.cached_answers.tasks",
    "services.analytics.health.tasks",
    "services.analytics.monitoring_alerts.tasks",
    "services.analytics.realtime.tasks",
    "services.analytics.behavior.tasks",
    "services.analytics.business_events.tasks",
    "services.analytics.kpis.tasks",
    "services.analytics.reports.tasks",
    "services.analytics.backups.tasks",
    "services.analytics.drills.tasks",
    "services.analytics.optimizations.tasks",
    "services.analytics.rollups.tasks",
    "services.analytics.sessions.tasks",
    "services.analytics.sync_runs.tasks",
    "services.analytics.upkeep.tasks",
)

app = make_celery("analytics", TASK_MODULES, settings)
