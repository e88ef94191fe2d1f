"""What relays show of archiving: since when what was asked for is not done."""

import pytest

from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay.archives import measure_archives
from shared.tests.runtime.conftest import Ledger

_WHERE = {
    "outbox": (
        "INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent, occurred_at, due_at)"
        " VALUES (gen_random_uuid(), 'analytics.maintenance', $1, '{}', '', '', now() - $2 * interval '1 hour', now())"
    ),
    "inbox": (
        "INSERT INTO inbox (id, name, lane, state, occurred_at, due_at, body)"
        " VALUES (gen_random_uuid(), $1, 'analytics.maintenance', 2, now() - $2 * interval '1 hour', now(), '{}')"
    ),
    "dead_letters": (
        "INSERT INTO dead_letters (id, reason, name, body, fingerprint, occurred_at)"
        " VALUES (gen_random_uuid(), 'failed', $1, '', 'f', now() - $2 * interval '1 hour')"
    ),
}
_DONE = "UPDATE inbox SET state = 0, due_at = NULL; UPDATE dead_letters SET status = 'discarded'; DELETE FROM outbox"


async def _behind_h(database: Database) -> float:
    await measure_archives(database, "analytics")
    value = REGISTRY.get_sample_value("waybill_archive_behind_seconds", {"service": "analytics"})
    assert value is not None
    return value / 3600


@pytest.mark.parametrize("table", _WHERE)
async def test_archive_run_that_is_not_done_is_shown_by_its_age_until_it_is(
    database: Database, ledger: Ledger, table: str
) -> None:
    for name, hours in (("analytics.archive_old_rows", 25), ("analytics.archive_old_rows", 3), ("analytics.other", 99)):
        await ledger.connection.execute(_WHERE[table], name, hours)
    shown = await _behind_h(database)
    await ledger.connection.execute(_DONE)

    assert 25 <= shown < 25.1
    assert await _behind_h(database) == 0
