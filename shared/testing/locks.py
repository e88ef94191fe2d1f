"""Who waits for whom in a test's own database: pg_locks alone tells of every database of the server, so of other tests' too."""

from typing import Final

# Not pg_stat_activity, which a transaction reads once. A wait for a row is for a transaction, which is of no database:
# whoever waits for it has locked the row's table, which is.
WAITING: Final = """
    SELECT count(DISTINCT pid) FROM pg_locks
     WHERE NOT granted
       AND pid IN (SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
                    WHERE datname = current_database())
"""
"""How many connections wait for a lock."""

HELD_ADVISORY: Final = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
     WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""
"""How many advisory locks are taken."""
