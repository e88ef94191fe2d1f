"""What is let go of by message: each thing once, however often it is asked for."""

from datetime import timedelta
from typing import Any, Final

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.analytics.tests.access.conftest import API, Desk
from shared.contracts.analytics import CleanupAbandonedSessions, CleanupExpiredTokens, CleanupOldAuditLogs
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

TABLES: Final = ("access_sessions", "refresh_tokens", "login_attempts", "access_revocations", "operations_audit")


async def rows(session: Session) -> dict[str, int]:
    return {table: int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0) for table in TABLES}  # noqa: S608


async def test_expired_things_go_twice_asked_as_once_and_a_wiped_cache_is_mended(
    desk: Desk, session: Session, run_task: TaskRunner, redis: Redis, clock: FrozenClock
) -> None:
    await desk.operator()
    await desk.login()
    ended = await desk.login()
    await desk.client.post(f"{API}/logout", json={"refresh_token": ended["refresh_token"]})
    await desk.code("POST", "login", json={"email": "nobody@example.com", "password": "wrong"})
    await redis.flushdb()

    for _ in range(2):
        await run_task(CleanupExpiredTokens(slot=clock()))
    assert await redis.exists(f"access:revoked:session:{ended['session_id']}") == 1
    before = await rows(session)
    for days, left in ((20, (2, 2, 0, 0)), (62, (2, 0, 0, 0)), (200, (0, 0, 0, 0))):
        for _ in range(2):
            await run_task(CleanupExpiredTokens(slot=clock() + timedelta(days=days)))
            assert tuple((await rows(session)).values())[:4] == left

    assert tuple(before.values())[:4] == (2, 2, 2, 1)
    assert (await rows(session))["operations_audit"] == before["operations_audit"]


async def test_abandoned_sessions_end_once_when_asked_twice(
    desk: Desk, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await desk.operator()
    await desk.login()
    clock.advance(timedelta(days=8))
    await desk.login()

    for _ in range(2):
        await run_task(CleanupAbandonedSessions(unused_days=7))

    ended = await session.execute(text("SELECT ended_because FROM access_sessions ORDER BY id"))
    assert [row.ended_because for row in ended] == ["abandoned", None]
    lines = (await desk.admin.get(f"{API}/audit", params={"action": "access.sessions_abandoned"})).json()["items"]
    assert [line["details"] for line in lines] == [{"count": 1}]


async def proof(desk: Desk) -> dict[str, Any]:
    return dict((await desk.admin.get(f"{API}/audit/proof")).raise_for_status().json())


async def test_old_lines_go_under_a_signed_checkpoint_and_twice_asked_is_once(
    desk: Desk, session: Session, run_task: TaskRunner
) -> None:
    await desk.operator()
    await desk.login()
    lines = (await rows(session))["operations_audit"]
    later = CleanupOldAuditLogs(slot=system_clock() + timedelta(days=91))

    assert (await run_task(CleanupOldAuditLogs(slot=system_clock() + timedelta(days=89)))).outcome == "done"
    assert (await proof(desk))["checkpoints"] == []
    first = await run_task(later)
    again = await run_task.run([later], ids=[first.id], redelivered=True)

    assert (first.outcome, again[0].carried_out) == ("done", False)
    found = await proof(desk)
    assert (found["intact"], found["lines"]) == (True, 1)
    assert [(one["lines"], one["signed"]) for one in found["checkpoints"]] == [(lines, True)]
    shown = (await desk.admin.get(f"{API}/audit")).json()["items"]
    assert [line["action"] for line in shown] == ["access.audit_let_go"]


@pytest.mark.commits
@pytest.mark.parametrize(
    ("forgery", "problem"),
    [
        ("UPDATE audit_checkpoints SET lines = lines + 1", "was not signed by a key of ours"),
        ("UPDATE audit_checkpoints SET through_chain = sha256('x')", "was taken out without a checkpoint"),
    ],
)
async def test_forged_checkpoint_is_told(
    forgery: str, problem: str, desk: Desk, run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    await desk.operator()
    await desk.login()
    await run_task(CleanupOldAuditLogs(slot=system_clock() + timedelta(days=91)))

    await owner.execute(f"ALTER TABLE audit_checkpoints DISABLE TRIGGER ALL; {forgery}")

    found = await proof(desk)
    assert found["intact"] is False
    assert problem in found["problem"]


async def test_revocations_are_all_in_redis_however_many_there_are_and_those_that_are_over_are_not(
    session: Session, run_task: TaskRunner, clock: FrozenClock, redis: Redis
) -> None:
    revoke = text("""
        INSERT INTO access_revocations (kind, key, issued_until, expires_at)
        SELECT kind, 'n' || number, CAST(:at AS timestamptz), :at + interval '1 day' * CASE number % 10 WHEN 0 THEN -1 ELSE 1 END
          FROM unnest(ARRAY['token', 'session']) AS kind, generate_series(1, 6000) AS number
    """)
    await session.execute(revoke, {"at": clock()})

    await run_task(CleanupExpiredTokens(slot=clock()))

    assert [len(await redis.keys(f"access:revoked:{kind}:*")) for kind in ("token", "session")] == [5400, 5400]
    assert (await session.execute(text("SELECT count(*) FROM access_revocations"))).scalar_one() == 10_800
