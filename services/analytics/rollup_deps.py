"""How counting events is put together."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.analytics.event_deps import LIMITS
from services.analytics.rollups.rolling import Rolling
from services.analytics.rollups.tending import Tending
from shared.runtime.clock import Clock
from shared.runtime.db import Database

if TYPE_CHECKING:
    from shared.runtime.archive.keeping import Archive

BUDGET_S: Final = 30.0
"""How long one message begins to count more; the lane's limit is 60 s, and the next minute goes on."""


def rolling(database: Database, clock: Clock) -> Rolling:
    """Counts what has changed."""
    return Rolling(database.unit_of_work, clock)


def tending(database: Database, clock: Clock, archives: Path | None = None) -> Tending:
    """Makes days ready, and lets go of what is kept no longer. archives: the folder where it goes then."""
    return Tending(database.unit_of_work, LIMITS.kept, clock, None if archives is None else _archive(archives, clock))


def _archive(folder: Path, clock: Clock) -> "Archive":
    # Only who archives pays for the memory of the library.
    from shared.runtime.archive.keeping import Archive

    return Archive(folder, "analytics", ("event_id", "organization_id", "occurred_at"), clock)
