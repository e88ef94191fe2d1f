"""The Celery application of the analytics service: `celery -A services.analytics.worker worker`."""

from services.analytics.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = ("services.analytics.alert_counts.tasks",)

app = make_celery("analytics", TASK_MODULES, settings)
