"""What a worker does with the messages about digests."""

from services.notifications import notice_deps
from services.notifications.digests.digest_sending import DigestSending
from services.notifications.digests.hourly_sending import HourlySending
from shared.contracts.notifications import QueueDailyDigests, SendDailyDigest, SendHourlyDigest
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import effect, task


@task(QueueDailyDigests)
async def queue_daily_digests(session: Session, received: Received[QueueDailyDigests]) -> None:
    """Asks for the digests of everybody whose local 08:00 has come."""
    await notice_deps.digest_queue(session).queue(received)


@effect(SendDailyDigest)
def send_daily_digest(runtime: ProcessRuntime) -> DigestSending:
    """Makes one person's digest of one day."""
    return notice_deps.digest_sending(runtime)


@effect(SendHourlyDigest)
def send_hourly_digest(runtime: ProcessRuntime) -> HourlySending:
    """Tells one person of what was collected in a window, and closes it."""
    return notice_deps.hourly_sending(runtime)
