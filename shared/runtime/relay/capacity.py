"""How full the servers are that all services share, and which slots of the schedule were missed."""

from typing import Final

import redis.asyncio as redis
from prometheus_client import Gauge
from sqlalchemy import text

from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

CONNECTIONS: Final = Gauge(
    "waybill_database_connections", "Sessions of the database server, everybody's.", ("service",), registry=REGISTRY
)
MAX_CONNECTIONS: Final = Gauge(
    "waybill_database_connections_max", "Sessions that it allows to others than administrators.", ("service",), registry=REGISTRY
)
MEMORY: Final = Gauge("waybill_broker_memory_bytes", "What the broker's data take.", ("service",), registry=REGISTRY)
MAX_MEMORY: Final = Gauge(
    "waybill_broker_memory_max_bytes", "Beyond which it refuses to take more; 0 for no limit.", ("service",), registry=REGISTRY
)
MISSED: Final = Gauge(
    "waybill_schedule_missed_slots",
    "Slots that were not fired since the entry is known: no scheduler ran, or it was paused.",
    ("service", "entry"),
    registry=REGISTRY,
)
PAUSED: Final = Gauge(
    "waybill_schedule_paused", "1 while somebody has paused the entry.", ("service", "entry"), registry=REGISTRY
)

_DATABASE: Final = text("""
    SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int AS connections,
           current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most
""")
_SCHEDULES: Final = text("SELECT name, missed, paused FROM schedules")


async def measure_capacity(database: Database, client: "redis.Redis", service: str) -> None:
    """Set the gauges."""
    async with database.read() as session:
        server = (await session.execute(_DATABASE)).one()
        entries = (await session.execute(_SCHEDULES)).all()
    memory = await client.info("memory")
    CONNECTIONS.labels(service).set(server.connections)
    MAX_CONNECTIONS.labels(service).set(server.most)
    MEMORY.labels(service).set(memory["used_memory"])
    MAX_MEMORY.labels(service).set(memory["maxmemory"])
    MISSED.clear()
    PAUSED.clear()
    for entry in entries:
        MISSED.labels(service, entry.name).set(entry.missed)
        PAUSED.labels(service, entry.name).set(entry.paused)
