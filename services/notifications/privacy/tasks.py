"""What a worker does with the messages about what is kept, and for how long."""

from services.notifications import privacy_deps
from services.notifications.privacy.retention import Retention
from shared.contracts.notifications import RemoveExpiredData
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect


@effect(RemoveExpiredData)
def remove_expired_data(runtime: ProcessRuntime) -> Retention:
    """Deletes what its retention time has ended for."""
    return privacy_deps.retention(runtime)
