"""What a worker does with call-backs, and with what no call-back has told of."""

from collections.abc import Sequence

from services.notifications import callback_deps
from services.notifications.callbacks.bounce_sweep import BounceSweep
from services.notifications.callbacks.delivery_track import DeliveryTracking
from shared.contracts.notifications import ApplyCallbacks, ProcessEmailBounces, TrackDeliveries
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task_many


@task_many(ApplyCallbacks)
async def apply_callbacks(session: Session, received: Sequence[Received[ApplyCallbacks]]) -> None:
    """Brings deliveries and the suppression list to what providers have reported."""
    await callback_deps.callback_apply(session).apply([key for one in received for key in one.message.event_ids])


@effect(ProcessEmailBounces)
def process_email_bounces(runtime: ProcessRuntime) -> BounceSweep:
    """Fetches the bounces that no call-back has told of, and has events applied that were left behind."""
    return callback_deps.bounce_sweep(runtime)


@effect(TrackDeliveries)
def track_deliveries(runtime: ProcessRuntime) -> DeliveryTracking:
    """Asks providers what became of messages that they took and have not reported on."""
    return callback_deps.delivery_tracking(runtime)
