"""One moment of the database, which all dumps of a backup share, and what there is in it.

The connection that has taken the snapshot keeps it for as long as it lives. It also holds an advisory lock, by which a second
backup sees that one runs, and which is gone with the process whatever it died of.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from shared.runtime.db import driver_url
from shared.runtime.dumps.errors import AlreadyRunning, DatabaseAway, NotSetUp

BACKUP_LOCK: Final = 0x5762_6261
DRILL_LOCK: Final = 0x5762_6472
"""Keys of advisory locks ("Wbba", "Wbdr")."""

_PATIENT: Final = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": "60s"}
_TABLES: Final = """
    SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relkind = 'r' AND relpersistence <> 't' ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a schema has. version: its newest migration. rows: by table."""

    version: str | None
    rows: dict[str, int]


class Snapshot:
    """A moment that stays. id: what pg_dump takes."""

    def __init__(self, connection: "asyncpg.Connection[Any]", row: "asyncpg.Record") -> None:
        self._connection = connection
        self.id: str = row["id"]
        self.at: datetime = row["at"]
        self.database: str = row["database"]
        self.server_version: int = row["version"]

    async def extensions(self) -> tuple[str, ...]:
        """What the database needs of PostgreSQL beside itself."""
        rows = await self._connection.fetch("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname")
        return tuple(row["extname"] for row in rows)

    async def inventory(self, schema: str) -> Inventory:
        """What a schema has at this moment. Its tables stay until the snapshot is let go. Raises NotSetUp."""
        found = await inventory(self._connection, schema)
        if not found.rows:
            raise NotSetUp(
                f"the database has no schema {schema} with tables that this login may read: "
                "migrate it, or set BACKUP_SCHEMAS to those that are in this database"
            )
        return found


async def inventory(connection: "asyncpg.Connection[Any]", schema: str) -> Inventory:
    """What a schema has."""
    rows = {row["relname"]: 0 for row in await connection.fetch(_TABLES, schema)}
    for table in rows:
        rows[table] = await connection.fetchval(f"SELECT count(*) FROM {quoted(schema)}.{quoted(table)}")  # noqa: S608  # quoted
    version = None
    if "alembic_version" in rows:
        version = await connection.fetchval(f"SELECT min(version_num) FROM {quoted(schema)}.alembic_version")  # noqa: S608  # quoted
    return Inventory(version, rows)


@asynccontextmanager
async def opened(url: str, name: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection that waits as long as the work takes. Raises DatabaseAway."""
    try:
        connection = await asyncpg.connect(
            driver_url(url), timeout=10, command_timeout=None, server_settings={"application_name": name, **_PATIENT}
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseAway(f"the database does not let us in: {error or 'no answer in 10 s'}") from None
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def alone(connection: "asyncpg.Connection[Any]", key: int, what: str) -> AsyncIterator[None]:
    """Whoever is in here is the only one. Raises AlreadyRunning."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
        raise AlreadyRunning(f"another {what} runs; this one is made when that has ended", retry_after_s=60)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", key)


@asynccontextmanager
async def taken(connection: "asyncpg.Connection[Any]") -> AsyncIterator[Snapshot]:
    """The moment in which this begins."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    row = await connection.fetchrow("""
        SELECT pg_export_snapshot() AS id, now() AS at, current_database() AS database,
               current_setting('server_version_num')::int AS version
    """)
    try:
        yield Snapshot(connection, row)
    finally:
        if not connection.is_closed():
            await connection.execute("ROLLBACK")


def quoted(identifier: str) -> str:
    """An identifier for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def names(identifiers: Sequence[str]) -> str:
    """For sentences."""
    return ", ".join(identifiers)
