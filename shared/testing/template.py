"""The template database: the real roles and schemas and the real migrations, applied once per test session.

Databases cut from it take about 20 ms. Emptying tables after a test would take half as long, but would
also empty what migrations put there, and triggers that guard append-only tables forbid it.
"""

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from deploy.postgres.bootstrap import LOGINS, bootstrap
from shared.contracts.lanes import SERVICES
from shared.runtime import migrate
from shared.testing.servers import PostgresAddress

TEMPLATE: Final = "waybill_template"
_UNFINISHED: Final = "waybill_template_unfinished"
_ROLE_SETTINGS: Final = """
    SELECT setrole::regrole AS role, split_part(line, '=', 1) AS name, quote_literal(substring(line FROM '=(.*)')) AS value
      FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase, unnest(setconfig) AS line
     WHERE datname = $1 AND setrole <> 0
"""
_numbers = itertools.count(1)


def roles_of(service: str) -> tuple[str, str]:
    """The owner's and the application's role of a service."""
    return f"{service}_owner", f"{service}_app"


async def build(address: PostgresAddress) -> None:
    """Make the template unless it is there. Any number of test processes may ask at once; one builds."""
    async with _admin(address) as admin:
        await admin.execute("SELECT pg_advisory_lock(hashtext($1))", TEMPLATE)
        if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE):
            return
        await admin.execute(f"DROP DATABASE IF EXISTS {_UNFINISHED} WITH (FORCE)")
        await bootstrap(address.url(_UNFINISHED), dict.fromkeys(LOGINS, address.password))
        await _fit_for_copies(admin, address.password)
        for service in SERVICES:
            await migrate.upgrade(service, address.url(_UNFINISHED, roles_of(service)[0]))
        # A template that a failed migration left half-built never gets its name.
        await admin.execute(f"ALTER DATABASE {_UNFINISHED} RENAME TO {TEMPLATE}")


async def _fit_for_copies(admin: asyncpg.Connection, password: str) -> None:
    """Make the roles' settings hold in every database: a copy does not inherit what a role has in its template."""
    for row in await admin.fetch(_ROLE_SETTINGS, _UNFINISHED):
        await admin.execute(f"ALTER ROLE {row['role']} SET {row['name']} = {row['value']}")
    for login in LOGINS:
        # All test processes share the server, and the server's cheaper password hash saves milliseconds per connection.
        await admin.execute(f"ALTER ROLE {login} CONNECTION LIMIT -1 PASSWORD '{password}'")


async def clone(address: PostgresAddress) -> str:
    """A new database like the template; its name."""
    name = f"waybill_{os.getpid()}_{next(_numbers)}"
    async with _admin(address) as admin:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    return name


async def drop(address: PostgresAddress, name: str) -> None:
    """Remove a database, ending the connections that a test left open."""
    async with _admin(address) as admin:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@asynccontextmanager
async def _admin(address: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(address.url())
    try:
        yield connection
    finally:
        await connection.close()
