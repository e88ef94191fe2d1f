"""Bringing schemas back into a database that has none of them, each as a whole or not at all.

A schema that is there is never written into. With `replace` it is set aside under another name first, is removed when the one
from the backup has taken its place, and gets its name back when it has not.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from shared.runtime.dumps.checking import check_file
from shared.runtime.dumps.errors import RestoreFailed, TargetRefused
from shared.runtime.dumps.manifest import DumpedSchema, Manifest
from shared.runtime.dumps.programs import Programs, login
from shared.runtime.dumps.snapshot import inventory, names, opened, quoted

if TYPE_CHECKING:
    import asyncpg

ASIDE: Final = "_before_restore"
# To a login that may not look into others' sessions their backend_type is null, and they are sessions of clients all the same;
# the server's own have no user.
_OTHERS: Final = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
       AND coalesce(backend_type, 'client backend') = 'client backend'
"""
_HOLDS: Final = """
    SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = $1
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to. url: of a login that may make schemas there.

    as_it_was: with owners and rights, for which the roles must be there. replace: what is there makes way.
    """

    url: str
    as_it_was: bool = True
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A table that has other rows than the backup; None where it is not there."""

    table: str
    backup: int | None
    restored: int | None


class Restoring:
    """Restores one backup."""

    def __init__(self, folder: Path, manifest: Manifest, programs: Programs) -> None:
        self._folder = folder
        self._manifest = manifest
        self._programs = programs

    async def restore(self, schemas: Sequence[str], target: Target) -> list[Difference]:
        """Bring these back, and compare what is there then with the backup.

        Raises TargetRefused before anything is changed, BackupDamaged, and RestoreFailed, after which the schema that failed is
        as it was before.
        """
        wanted = [schema for schema in self._manifest.schemas if schema.name in schemas]
        for schema in wanted:
            await check_file(self._folder, schema)
        await self._programs.check(self._manifest.server_version)
        async with opened(target.url, "waybill-restore") as connection:
            await self._check(connection, [schema.name for schema in wanted], target)
            for extension in self._manifest.extensions:
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {quoted(extension)} WITH SCHEMA public")
            for schema in wanted:
                async with _set_aside(connection, schema.name):
                    await self._bring_back(schema, target)
                await connection.execute(f"ANALYZE {', '.join(_tables(schema))}")
            return [found for schema in wanted for found in await _differences(connection, schema)]

    async def _check(self, connection: "asyncpg.Connection[Any]", schemas: Sequence[str], target: Target) -> None:
        database = await connection.fetchval("SELECT current_database()")
        held = [name for name in schemas if await connection.fetchval(_HOLDS, name)]
        if held and not target.replace:
            raise TargetRefused(
                f"the database {database} has {names(held)} already: restore into another database, or replace what is there"
            )
        others = await connection.fetchval(_OTHERS)
        if others:
            raise TargetRefused(
                f"the database {database} is in use by {others} other connection(s): stop the services that use it first"
            )

    async def _bring_back(self, schema: DumpedSchema, target: Target) -> None:
        url, environment = login(target.url)
        arguments = ["--single-transaction", "--exit-on-error", "--no-password", f"--dbname={url}"]
        arguments += [] if target.as_it_was else ["--no-owner", "--no-privileges"]
        arguments.append(str(self._folder / schema.file))
        async with self._programs.run("pg_restore", arguments, environment) as running:
            ended = await running.ended()
        if ended.code != 0:
            raise RestoreFailed(f"pg_restore of the schema {schema.name} ended with {ended.code}: {ended.said}")


@asynccontextmanager
async def _set_aside(connection: "asyncpg.Connection[Any]", schema: str) -> AsyncIterator[None]:
    """What has the schema's name makes way, and is gone when the block ends well."""
    aside = f"{schema}{ASIDE}"
    there = bool(await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema))
    if there:
        await connection.execute(f"DROP SCHEMA IF EXISTS {quoted(aside)} CASCADE")
        await connection.execute(f"ALTER SCHEMA {quoted(schema)} RENAME TO {quoted(aside)}")
    try:
        yield
    except BaseException:
        if there:
            await connection.execute(f"ALTER SCHEMA {quoted(aside)} RENAME TO {quoted(schema)}")
        raise
    if there:
        await connection.execute(f"DROP SCHEMA {quoted(aside)} CASCADE")


async def _differences(connection: "asyncpg.Connection[Any]", schema: DumpedSchema) -> list[Difference]:
    found = (await inventory(connection, schema.name)).rows
    tables = sorted({*found, *schema.rows})
    return [
        Difference(f"{schema.name}.{table}", schema.rows.get(table), found.get(table))
        for table in tables
        if schema.rows.get(table) != found.get(table)
    ]


def _tables(schema: DumpedSchema) -> list[str]:
    return [f"{quoted(schema.name)}.{quoted(table)}" for table in schema.rows]
