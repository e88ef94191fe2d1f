"""What the notifications service does by the clock."""

from shared.contracts.notifications import (
    ArchiveOldRows,
    CollectSmsPrices,
    ProcessEmailBounces,
    QueueDailyDigests,
    RemoveExpiredData,
    RetryFailedEmails,
    StartDueCampaigns,
    TrackDeliveries,
)
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # Looks at a whole day, so the newest slot is enough after an outage.
    Entry(name="retry-failed-emails", crontab="*/5 * * * *", message=RetryFailedEmails(), catch_up="last"),
    # These look at all that was missed, so the newest slot is enough after an outage.
    Entry(name="process-email-bounces", crontab="20 */6 * * *", message=ProcessEmailBounces(), catch_up="last"),
    Entry(name="track-deliveries", crontab="50 * * * *", message=TrackDeliveries(), catch_up="last"),
    Entry(name="collect-sms-prices", crontab="*/10 * * * *", message=CollectSmsPrices(), catch_up="last"),
    # Time zones lie a quarter of an hour apart. The newest slot looks at all that was missed, so one is enough after an outage.
    Entry(name="queue-daily-digests", crontab="*/15 * * * *", message=QueueDailyDigests(), catch_up="last"),
    Entry(name="start-due-campaigns", crontab="* * * * *", message=StartDueCampaigns(), catch_up="last"),
    # In the hours in which nobody waits for anything.
    Entry(name="remove-expired-data", crontab="40 20 * * *", message=RemoveExpiredData(), catch_up="last"),
    # All that is old by then, however many nights were missed.
    Entry(name="archive-old-rows", crontab="10 20 * * *", message=ArchiveOldRows(), catch_up="last"),
)
