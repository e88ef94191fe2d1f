"""What the trips service does by the clock."""

from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # The newest slot alone finds everything that is wrong by now.
    Entry(name="check-trip-timeouts", crontab="*/5 * * * *", message=CheckTripTimeouts(), catch_up="last"),
)
