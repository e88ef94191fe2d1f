"""What the notifications service does by the clock."""

from shared.runtime.schedule import Entry

ENTRIES: tuple[Entry, ...] = ()
