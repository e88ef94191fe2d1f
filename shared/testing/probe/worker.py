"""The analytics worker with the probe's handlers: `celery -A shared.testing.probe.worker worker`."""

import os

from services.analytics import worker
from services.analytics.settings import settings
from shared.contracts import registry
from shared.runtime.celery import make_celery
from shared.testing.probe import contracts

# A worker of the version before: the probe's messages are unknown to it.
OUTDATED = os.environ.get("PROBE_OUTDATED") == "1"

if not OUTDATED:
    registry.include(contracts)
app = make_celery("analytics", (*worker.TASK_MODULES, *(() if OUTDATED else ("shared.testing.probe.tasks",))), settings)
