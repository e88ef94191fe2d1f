"""The Celery application of the notifications service: `celery -A services.notifications.worker worker`."""

from services.notifications.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.notifications.access.tasks",
    "services.notifications.archives.tasks",
    "services.notifications.callbacks.tasks",
    "services.notifications.campaigns.tasks",
    "services.notifications.cancellations.tasks",
    "services.notifications.costs.tasks",
    "services.notifications.deliveries.tasks",
    "services.notifications.digests.tasks",
    "services.notifications.in_app.tasks",
    "services.notifications.notices.tasks",
    "services.notifications.people.tasks",
    "services.notifications.privacy.tasks",
)

app = make_celery("notifications", TASK_MODULES, settings)
