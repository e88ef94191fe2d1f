"""The Celery application of the trips service: `celery -A services.trips.worker worker`."""

from services.trips.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.trips.access.tasks",
    "services.trips.archives.tasks",
    "services.trips.completion.tasks",
    "services.trips.dispatch.tasks",
    "services.trips.flags.tasks",
    "services.trips.geofences.tasks",
    "services.trips.positions.tasks",
    "services.trips.trips.tasks",
)

app = make_celery("trips", TASK_MODULES, settings)
