"""The Celery application of the alerts service: `celery -A services.alerts.worker worker`."""

from services.alerts.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.alerts.access.tasks",
    "services.alerts.archives.tasks",
    "services.alerts.evaluation.tasks",
    "services.alerts.alerts.tasks",
    "services.alerts.alert_emails.tasks",
    "services.alerts.shipments.tasks",
)

app = make_celery("alerts", TASK_MODULES, settings)
