"""Whether the service archives what it was told to: of what it has archived last nothing is known where there was nothing old."""

from typing import Final

from prometheus_client import Gauge
from sqlalchemy import text

from shared.contracts.registry import messages
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

BEHIND_S: Final = Gauge(
    "waybill_archive_behind_seconds",
    "Since the oldest archive run was asked for that is not done or has died; 0 where all are done.",
    ("service",),
    registry=REGISTRY,
)

_BEHIND: Final = text("""
    SELECT coalesce(extract(epoch FROM now() - min(asked_at)), 0)::float8
      FROM (SELECT occurred_at AS asked_at FROM outbox WHERE lane = :lane AND state = 0 AND due_at <= now() AND name = :name
             UNION ALL
            SELECT occurred_at FROM inbox WHERE lane = :lane AND state IN (1, 2, 3, 4) AND name = :name
             UNION ALL
            SELECT coalesce(occurred_at, died_at) FROM dead_letters WHERE status = 'open' AND name = :name) AS left_over
""")


async def measure_archives(database: Database, service: str) -> None:
    """Set the gauge."""
    name = f"{service}.archive_old_rows"
    [lane] = messages()[name].contract.lanes
    async with database.read() as session:
        BEHIND_S.labels(service).set((await session.execute(_BEHIND, {"name": name, "lane": lane.name})).scalar_one())
