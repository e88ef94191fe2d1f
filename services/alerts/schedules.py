"""What the alerts service does by the clock."""

from shared.contracts.alerts import (
    ArchiveOldRows,
    EvaluateShipments,
    QueuePendingEmails,
    WakeAlerts,
)
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # After days without a scheduler each missed day is evaluated as of itself, the oldest first, so that alerts say on which day
    # a step was reached. People still hear once: a mail speaks of a shipment's highest step, and waits for the run of today.
    Entry(name="evaluate-shipments", crontab="0 8 * * *", message=EvaluateShipments(), catch_up="all"),
    Entry(name="queue-pending-emails", crontab="*/5 * * * *", message=QueuePendingEmails(), catch_up="last"),
    Entry(name="wake-alerts", crontab="*/5 * * * *", message=WakeAlerts(), catch_up="last"),
    # All that is old by then, however many nights were missed.
    Entry(name="archive-old-rows", crontab="30 1 * * *", message=ArchiveOldRows(), catch_up="last"),
)
