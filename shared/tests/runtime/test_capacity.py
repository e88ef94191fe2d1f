"""What relays show of the servers that all share, and of slots that were missed."""

from redis.asyncio import Redis

from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay.capacity import measure_capacity
from shared.tests.runtime.conftest import Ledger


def _shown(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, {"service": "analytics", **labels})
    assert value is not None, name
    return value


async def test_how_full_the_servers_are_is_shown_as_they_say_themselves(database: Database, redis: Redis, ledger: Ledger) -> None:
    await measure_capacity(database, redis, "analytics")
    before = _shown("waybill_broker_memory_bytes")
    await redis.set("filling", b"x" * 1_000_000)
    await measure_capacity(database, redis, "analytics")

    most = await ledger.connection.fetchval(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    )
    assert _shown("waybill_database_connections_max") == most
    assert 1 <= _shown("waybill_database_connections") <= most
    assert _shown("waybill_broker_memory_bytes") - before >= 1_000_000
    assert _shown("waybill_broker_memory_max_bytes") == (await redis.info("memory"))["maxmemory"]


async def test_missed_slots_and_pauses_are_shown_per_entry_and_go_with_it(
    database: Database, redis: Redis, ledger: Ledger
) -> None:
    await ledger.connection.execute(
        "INSERT INTO schedules (name, last_slot_at, missed, paused) VALUES ('sweep', now(), 3, true), ('other', now(), 0, false)"
    )
    await measure_capacity(database, redis, "analytics")
    shown = [
        (_shown("waybill_schedule_missed_slots", entry=name), _shown("waybill_schedule_paused", entry=name))
        for name in ("sweep", "other")
    ]
    await ledger.connection.execute("DELETE FROM schedules WHERE name = 'sweep'")
    await measure_capacity(database, redis, "analytics")

    assert shown == [(3, 1), (0, 0)]
    assert REGISTRY.get_sample_value("waybill_schedule_missed_slots", {"service": "analytics", "entry": "sweep"}) is None
