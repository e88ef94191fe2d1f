"""How sources are, for whoever is to be woken."""

from typing import Final

from prometheus_client import Gauge

from services.analytics.sync_runs.repository import SyncReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

NEVER_S: Final = 1e9
"""In the place of an age where there is nothing: above every limit of an alert."""

SYNC_FAILURES: Final = Gauge(
    "waybill_sync_failures", "Runs over a source that have failed since one has not.", ["source"], registry=REGISTRY
)
SYNC_AGE_S: Final = Gauge(
    "waybill_sync_age_seconds", "Since a source was read; 1e9 where it never was.", ["source"], registry=REGISTRY
)


async def measure_sync(database: Database, clock: Clock) -> None:
    """Set the metrics."""
    async with database.read() as session:
        standings = await SyncReader(session).standings()
    for one in standings:
        SYNC_FAILURES.labels(one.name).set(one.failures)
        age_s = (clock() - one.succeeded_at).total_seconds() if one.succeeded_at else NEVER_S
        SYNC_AGE_S.labels(one.name).set(age_s)
