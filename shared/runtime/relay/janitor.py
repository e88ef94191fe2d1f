"""Retention: what is finished and old is deleted in small batches, so that no lock is held for long."""

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from shared.runtime.clock import Clock
from shared.runtime.db import Database

INBOX_KEPT: Final = timedelta(days=30)
"""At least as long as anything may be published again or replayed; after that business keys are the guard."""
SETTLED_LETTERS_KEPT: Final = timedelta(days=180)
CANCELLED_KEPT: Final = timedelta(days=7)
BATCH: Final = 5000

_CLEAN: Final = {
    "inbox": text("""
        DELETE FROM inbox WHERE id = ANY(ARRAY(
            SELECT id FROM inbox WHERE received_at < :inbox_before AND finished_at < :inbox_before AND state IN (0, 5)
             LIMIT :batch FOR UPDATE SKIP LOCKED))"""),
    "inbox_dead": text("""
        DELETE FROM inbox WHERE id = ANY(ARRAY(
            SELECT id FROM inbox WHERE received_at < :letters_before AND finished_at < :letters_before AND state = 6
               AND NOT EXISTS (SELECT FROM dead_letters WHERE message_id = inbox.id AND status = 'open')
             LIMIT :batch FOR UPDATE OF inbox SKIP LOCKED))"""),
    "inbox_cancelled": text("""
        DELETE FROM inbox WHERE id = ANY(ARRAY(
            SELECT id FROM inbox WHERE state = 7 AND finished_at < :cancelled_before LIMIT :batch FOR UPDATE SKIP LOCKED))"""),
    "outbox_cancelled": text("""
        DELETE FROM outbox WHERE id = ANY(ARRAY(
            SELECT id FROM outbox WHERE state = 2 AND occurred_at < :cancelled_before
             -- The row does not know when it was cancelled; the audit does.
               AND NOT EXISTS (SELECT FROM operations_audit WHERE undo_id = outbox.cancel_id AND at >= :cancelled_before)
             LIMIT :batch FOR UPDATE SKIP LOCKED))"""),
    "dead_letters": text("""
        DELETE FROM dead_letters WHERE id = ANY(ARRAY(
            SELECT id FROM dead_letters WHERE status <> 'open' AND settled_at < :letters_before
             LIMIT :batch FOR UPDATE SKIP LOCKED))"""),
    "access_revocations": text("""
        DELETE FROM access_revocations WHERE (kind, key) IN (
            SELECT kind, key FROM access_revocations WHERE expires_at < :now LIMIT :batch FOR UPDATE SKIP LOCKED)"""),
    "idempotency_keys": text("""
        DELETE FROM idempotency_keys WHERE (principal, route, key_hash) IN (
            SELECT principal, route, key_hash FROM idempotency_keys WHERE expires_at < :now
             LIMIT :batch FOR UPDATE SKIP LOCKED)"""),
}


async def clean(database: Database, clock: Clock) -> dict[str, int]:
    """Delete what has outlived its retention. Returns the number of rows per table."""
    now = clock()
    limits = {
        "now": now,
        "inbox_before": now - INBOX_KEPT,
        "cancelled_before": now - CANCELLED_KEPT,
        "letters_before": now - SETTLED_LETTERS_KEPT,
        "batch": BATCH,
    }
    deleted: dict[str, int] = {}
    for table, statement in _CLEAN.items():
        bound = {name: value for name, value in limits.items() if f":{name}" in statement.text}
        deleted[table] = 0
        while True:
            async with database.engine.begin() as connection:
                rows = (await connection.execute(statement, bound)).rowcount
            deleted[table] += rows
            if rows < BATCH:
                break
    return deleted
