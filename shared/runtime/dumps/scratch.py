"""A database for the length of a try, on a server that may be another one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import make_url

from shared.runtime.dumps.errors import NotSetUp
from shared.runtime.dumps.snapshot import DRILL_LOCK, alone, opened, quoted

PREFIX: Final = "waybill_drill_"
_OURS: Final = """
    SELECT datname FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba
     WHERE rolname = current_user AND starts_with(datname, $1)
"""


@asynccontextmanager
async def scratch_database(url: str, key: UUID) -> AsyncIterator[str]:
    """The URL of a new and empty database, which is gone afterwards. url: of a login that may make databases.

    Raises AlreadyRunning, DatabaseAway, NotSetUp.
    """
    async with opened(url, "waybill-drill") as connection, alone(connection, DRILL_LOCK, "drill"):
        for row in await connection.fetch(_OURS, PREFIX):
            # Of a try whose process has died: nobody else is at it now.
            await connection.execute(f"DROP DATABASE {quoted(row['datname'])} WITH (FORCE)")
        name = f"{PREFIX}{key.hex}"
        try:
            await connection.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE template0")
        except asyncpg.InsufficientPrivilegeError:
            raise NotSetUp("the login of RESTORE_DRILL_URL may not make databases: give it CREATEDB") from None
        try:
            yield make_url(url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        finally:
            await connection.execute(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
