"""The Celery application of the notifications service: `celery -A services.notifications.worker worker`."""

from services.notifications.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.notifications.cancellations.tasks",
    "services.notifications.deliveries.tasks",
    "services.notifications.people.tasks",
)

app = make_celery("notifications", TASK_MODULES, settings)
