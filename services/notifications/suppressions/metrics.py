"""How the suppression list grows, for whoever answers for our name with providers."""

from datetime import timedelta
from typing import Final

from prometheus_client import Gauge

from services.notifications.suppressions.repository import SuppressionReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

LAST_DAY: Final = Gauge(
    "notifications_suppressions_last_day",
    "Entries of the suppression list that came in the last 24 hours; of reason `complaint` where readers called it spam.",
    ("channel", "reason"),
    registry=REGISTRY,
)


async def measure_suppressions(database: Database, clock: Clock) -> None:
    """Set the metric."""
    async with database.read() as session:
        counts = await SuppressionReader(session).added(clock() - timedelta(days=1))
    LAST_DAY.clear()
    for (channel, reason), count in counts.items():
        LAST_DAY.labels(channel, reason).set(count)
