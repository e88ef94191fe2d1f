"""What the service does by the clock."""

from docs.examples.inspections.contracts import PruneInspections, RemindOfInspections
from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = (
    # A missed night is made good by the next one: nothing is lost but disk space.
    Entry(name="prune-inspections", crontab="30 2 * * *", message=PruneInspections(), catch_up="skip", timezone="Asia/Kolkata"),
    # The newest slot alone finds everything that came due while no scheduler ran.
    Entry(name="remind-of-inspections", crontab="*/5 * * * *", message=RemindOfInspections(), catch_up="last"),
)
