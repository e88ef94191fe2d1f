"""The Celery application of the payments service: `celery -A services.payments.worker worker`."""

from services.payments.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.payments.carts.tasks",
    "services.payments.ledger.tasks",
    "services.payments.orders.tasks",
)

app = make_celery("payments", TASK_MODULES, settings)
