"""The Celery application of the payments service: `celery -A services.payments.worker worker`."""

from services.payments.settings import settings
from shared.runtime.celery import make_celery

TASK_MODULES: tuple[str, ...] = (
    "services.payments.access.tasks",
    "services.payments.archives.tasks",
    "services.payments.attempts.call_tasks",
    "services.payments.attempts.tasks",
    "services.payments.carts.tasks",
    "services.payments.credit_notes.tasks",
    "services.payments.dunning.tasks",
    "services.payments.invoice_reminders.tasks",
    "services.payments.invoices.tasks",
    "services.payments.ledger.tasks",
    "services.payments.mandates.tasks",
    "services.payments.matching.tasks",
    "services.payments.offers.tasks",
    "services.payments.orders.tasks",
    "services.payments.payment_methods.tasks",
    "services.payments.payment_reminders.tasks",
    "services.payments.reconciliation.tasks",
    "services.payments.refunds.tasks",
    "services.payments.subscriptions.tasks",
    "services.payments.tariffs.tasks",
    "services.payments.webhooks.tasks",
)

app = make_celery("payments", TASK_MODULES, settings)
