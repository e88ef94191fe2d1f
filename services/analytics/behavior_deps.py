"""How what people do is worked out and read."""

from services.analytics import event_deps, rollup_deps
from services.analytics.behavior.analysing import Analysing
from services.analytics.behavior.repository import BehaviorReader
from services.analytics.behavior.service import Behavior
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession


def behavior(session: ReadSession, clock: Clock) -> Behavior:
    """Reads what people do."""
    return Behavior(BehaviorReader(session), event_deps.event_names(session), clock)


def analysing(database: Database, clock: Clock) -> Analysing:
    """Works out what people do."""
    return Analysing(database.unit_of_work, rollup_deps.rolling(database, clock), clock)
