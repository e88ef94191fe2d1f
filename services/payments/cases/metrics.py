"""What a person has to look at, for whoever is to be told."""

from typing import Final

from prometheus_client import Gauge

from services.payments.cases.repository import CaseReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

CASES_OPEN: Final = Gauge("payments_cases_open", "Cases that are open, by kind.", ("kind",), registry=REGISTRY)


async def measure_cases(database: Database, _: Clock) -> None:
    """Set the metric."""
    async with database.read() as session:
        counts = await CaseReader(session).open_by_kind()
    CASES_OPEN.clear()
    for kind, count in counts.items():
        CASES_OPEN.labels(kind).set(count)
