"""What the alerts service does by the clock."""

from shared.contracts.alerts import EvaluateShipments, QueuePendingEmails
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # After days without a scheduler the last slot alone finds all that is due by then, and people hear once where a
    # shipment stands and not once for each day that was missed.
    Entry(name="evaluate-shipments", crontab="0 8 * * *", message=EvaluateShipments(), catch_up="last"),
    Entry(name="queue-pending-emails", crontab="*/5 * * * *", message=QueuePendingEmails(), catch_up="last"),
)
