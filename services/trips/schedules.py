"""What the trips service does by the clock."""

from shared.contracts.trips import (
    ArchiveOldRows,
    CheckTripTimeouts,
    CleanupOldGpsData,
    WatchGeofences,
)
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # The newest slot alone finds everything that is wrong by now.
    Entry(name="check-trip-timeouts", crontab="*/5 * * * *", message=CheckTripTimeouts(), catch_up="last"),
    # Looks at all that was missed, so the newest slot is enough after an outage.
    Entry(name="cleanup-old-gps-data", crontab="5 * * * *", message=CleanupOldGpsData(), catch_up="last"),
    # Looks at all that has come since the last time.
    Entry(name="watch-geofences", crontab="* * * * *", message=WatchGeofences(), catch_up="last"),
    # All that is old by then, however many nights were missed.
    Entry(name="archive-old-rows", crontab="40 1 * * *", message=ArchiveOldRows(), catch_up="last"),
)
