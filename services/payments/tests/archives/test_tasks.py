"""`payments.archive_old_rows`: explanations and look-ups of long ago go into files and out of the tables; the books stay."""

import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.archives.rules_repository import RULES
from shared.contracts.payments import ArchiveOldRows
from shared.runtime.db import Session
from shared.runtime.process import ProcessRuntime
from shared.testing.archives import rows_of, undecided_columns
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

NOW: Final = datetime(2027, 9, 1, 4, 10, tzinfo=UTC)
FACTS: Final = zlib.compress(b'{"pool": 3}')
_EXPLANATION: Final = text("""
    INSERT INTO match_explanations (id, organization_id, order_id, run_id, outcome, policy_number, decided_at, facts)
    VALUES (:id, :id, :id, :id, 'offered', 0, :at, :facts)
""")
_RUN: Final = text("""
    INSERT INTO recon_runs (id, asked_by, gateway, account, requested_by, slot, since, until, first_day, last_day, stage, state,
                            finished_at)
    VALUES (:id, :id, 'razorpay', 'x', 'x', :at, :at, now(), '2026-01-01', '2026-01-02', 'done',
            CASE WHEN CAST(:ended AS timestamptz) IS NULL THEN 'running' ELSE 'finished' END, :ended)
""")
_LOOKUP: Final = text("INSERT INTO recon_lookups (run_id, kind, entity_id, found) VALUES (:id, 'payment', 'pay_1', true)")


async def test_archiving_that_runs_twice_takes_explanations_and_look_ups_of_long_ago_once(
    session: Session, run_task: TaskRunner, worker_runtime: ProcessRuntime, clock: FrozenClock, tmp_path: Path
) -> None:
    old, young = NOW - timedelta(days=401), NOW - timedelta(days=399)
    for number, at in enumerate((old, young), 1):
        await session.execute(_EXPLANATION, {"id": UUID(int=number), "at": at, "facts": FACTS})
    for number, ended in enumerate((old, young, None), 1):
        await session.execute(_RUN, {"id": UUID(int=number), "at": datetime(2026, 1, 1, tzinfo=UTC), "ended": ended})
        await session.execute(_LOOKUP, {"id": UUID(int=number)})
    clock.set(NOW)
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"archive_dir": tmp_path})
    handled = [await run_task(ArchiveOldRows(slot=NOW)) for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    (explanation,) = rows_of(tmp_path / "payments" / "match_explanations" / "*.parquet")
    assert (explanation["id"], explanation["decided_at"], explanation["facts"]) == (str(UUID(int=1)), old, FACTS)
    (lookup,) = rows_of(tmp_path / "payments" / "recon_lookups" / "*.parquet")
    assert lookup == {"run_id": str(UUID(int=1)), "kind": "payment", "entity_id": "pay_1", "found": True}
    left = "SELECT (SELECT array_agg(id) FROM match_explanations), (SELECT array_agg(run_id ORDER BY run_id) FROM recon_lookups)"
    assert (await session.execute(text(left))).all() == [([UUID(int=2)], [UUID(int=2), UUID(int=3)])]
    assert (await session.execute(text("SELECT count(*) FROM recon_runs"))).scalar() == 3


async def test_every_column_of_an_archived_table_is_kept_or_left_out(session: Session) -> None:
    assert await undecided_columns(session, RULES) == []
