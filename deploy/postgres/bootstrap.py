"""Roles, schemas and rights of the database, the same for every way of running: `python -m deploy.postgres.bootstrap`.

Reads from the environment:

    ADMIN_DATABASE_URL            postgresql://<a role that may create roles>@host/<database>; the database is made if missing
    <SERVICE>_OWNER_PASSWORD      for `<service>_owner`, which owns the schema and runs migrations
    <SERVICE>_APP_PASSWORD        for `<service>_app`, which reads and writes rows of that schema and nothing else
    BACKUP_PASSWORD               for `backup`, which reads everything
    RESTORE_PASSWORD              for `restore`, which makes databases to try backups in, and does not get into this one
    <SERVICE>_APP_CONNECTIONS     how many connections `<service>_app` may have at a time; a new one has 60 without it

Any of the passwords may be a file's content instead: <NAME>_FILE. Running it again changes nothing, except a
password or a number that has become another one. Everything happens in one transaction under a lock, so replicas may race.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.postgres.scram import matches, verifier
from shared.contracts.lanes import SERVICES

BACKUP: Final = "backup"
RESTORE: Final = "restore"
LOGINS: Final = (*(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app")), BACKUP, RESTORE)

_LOCK: Final = 0x5761_7962
"""Key of the advisory lock that lets one bootstrap in at a time ("Wayb")."""

EXTENSIONS: Final = ("btree_gist",)
"""What PostgreSQL brings along and no owner of a schema may make: trips excludes double bookings by it."""

_CONNECTION_LIMITS: Final = {"owner": 5, "app": 60}
"""Of a new role: what one machine's processes need, and no service can take all of the server's."""
_MOST_CONNECTIONS: Final = 10_000
_ROLE_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "owner": {"lock_timeout": "5s", "idle_in_transaction_session_timeout": "5min"},
    "app": {"jit": "off", "lock_timeout": "10s", "statement_timeout": "60s", "idle_in_transaction_session_timeout": "60s"},
}
"""In the database itself, for clients that set none and for poolers, which leave out what the runtime sets on its connections."""


class BootstrapError(SystemExit):
    """The database cannot be prepared; the message says what is wrong."""


async def bootstrap(admin_url: str, passwords: Mapping[str, str], connections: Mapping[str, int] | None = None) -> list[str]:
    """Make what is missing and return what was changed, one line each.

    passwords: by login, one for each of LOGINS. `admin_url` names the database to prepare. connections: by login, how
    many it may have at a time; a login that is not named keeps what it has.
    """
    if missing := [login for login in LOGINS if not passwords.get(login)]:
        raise BootstrapError(f"no password given for {', '.join(missing)}: set {', '.join(variable(login) for login in missing)}")
    changes = await _create_database(admin_url)
    connection = await _connect(admin_url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            for login in LOGINS:
                changes += await _login(connection, login, passwords[login], (connections or {}).get(login))
            await _close_to_the_public(connection)
            changes += await _extensions(connection)
            for service in SERVICES:
                changes += await _schema(connection, service)
            await _backup(connection)
    finally:
        await connection.close()
    return changes


async def _connect(url: str) -> "asyncpg.Connection[Any]":
    try:
        return await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        where = urlsplit(url)
        raise BootstrapError(
            f"cannot reach PostgreSQL at {where.hostname}:{where.port or 5432}: {error or 'no answer in 10 s'}"
        ) from None


async def _create_database(admin_url: str) -> list[str]:
    name = urlsplit(admin_url).path.lstrip("/")
    if name in ("", "postgres"):
        raise BootstrapError("ADMIN_DATABASE_URL must name the database to prepare, and `postgres` is the maintenance database")
    connection = await _connect(urlunsplit(urlsplit(admin_url)._replace(path="/postgres")))
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return []
        try:
            await connection.execute(f"CREATE DATABASE {_quoted(name)}")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            # Another replica was faster.
            return []
        return [f"created database {name}"]
    finally:
        await connection.close()


async def _login(connection: "asyncpg.Connection[Any]", login: str, password: str, connections: int | None) -> list[str]:
    changes = []
    limit = await connection.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", login)
    if limit is None:
        limit = _CONNECTION_LIMITS.get(login.rpartition("_")[2], 5)
        await connection.execute(f"CREATE ROLE {login} LOGIN")
        changes.append(f"created role {login}")
    if connections is not None and connections != limit:
        limit = connections
        changes.append(f"let {login} have {limit} connections")
    databases = "CREATEDB" if login == RESTORE else "NOCREATEDB"
    await connection.execute(f"ALTER ROLE {login} LOGIN {databases} NOCREATEROLE NOINHERIT CONNECTION LIMIT {limit}")
    if not matches(await _stored_verifier(connection, login), password):
        # The verifier and not the password, so that no log of the server can hold it.
        await connection.execute(f"ALTER ROLE {login} PASSWORD '{verifier(password)}'")
        changes.append(f"set password of {login}")
    return changes


async def _stored_verifier(connection: "asyncpg.Connection[Any]", login: str) -> str | None:
    """What the database keeps of the password; None where the administrator is not allowed to see it."""
    if not await connection.fetchval("SELECT has_table_privilege('pg_authid', 'SELECT')"):
        return None
    found: str | None = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", login)
    return found


async def _close_to_the_public(connection: "asyncpg.Connection[Any]") -> None:
    database = _quoted(await connection.fetchval("SELECT current_database()"))
    await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")


async def _extensions(connection: "asyncpg.Connection[Any]") -> list[str]:
    """In `public`, where no service looks: indexes find an extension's operator classes wherever they are."""
    present = {row["extname"] for row in await connection.fetch("SELECT extname FROM pg_extension")}
    missing = [name for name in EXTENSIONS if name not in present]
    for name in missing:
        try:
            await connection.execute(f"CREATE EXTENSION {name} WITH SCHEMA public")
        except asyncpg.PostgresError as error:
            raise BootstrapError(f"cannot make the extension {name}: {error}; install PostgreSQL's contrib package") from None
    return [f"created extension {name}" for name in missing]


async def _schema(connection: "asyncpg.Connection[Any]", service: str) -> list[str]:
    """The service's schema, what its two roles may do, and their settings in this database."""
    owner, app = f"{service}_owner", f"{service}_app"
    database = _quoted(await connection.fetchval("SELECT current_database()"))
    superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not superuser:
        # An administrator without superuser rights (managed servers) acts for the owner as its member.
        await connection.execute(f"GRANT {owner} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")
    changes = []
    if not await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", service):
        await connection.execute(f"CREATE SCHEMA {service} AUTHORIZATION {owner}")
        changes.append(f"created schema {service}")
    rights = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {service}"
    for statement in (
        f"ALTER SCHEMA {service} OWNER TO {owner}",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {owner}, {app}",
        f"GRANT USAGE ON SCHEMA {service} TO {app}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON ALL TABLES IN SCHEMA {service} TO {app}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {service} TO {app}",
        # To vacuum and analyse what is its own.
        f"{rights} GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO {app}",
        f"{rights} GRANT USAGE, SELECT ON SEQUENCES TO {app}",
        f"{rights} GRANT EXECUTE ON FUNCTIONS TO {app}",
        # Functions are open to everybody unless this is said for the role as a whole.
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    ):
        await connection.execute(statement)
    for role, kind in ((owner, "owner"), (app, "app")):
        for name, value in {"search_path": service, **_ROLE_SETTINGS[kind]}.items():
            await connection.execute(f"ALTER ROLE {role} IN DATABASE {database} SET {name} = '{value}'")
    return changes


async def _backup(connection: "asyncpg.Connection[Any]") -> None:
    database = _quoted(await connection.fetchval("SELECT current_database()"))
    await connection.execute(f"GRANT CONNECT ON DATABASE {database} TO {BACKUP}")
    await connection.execute(f"GRANT pg_read_all_data TO {BACKUP} WITH INHERIT TRUE, SET FALSE")
    await connection.execute(f"ALTER ROLE {BACKUP} IN DATABASE {database} SET default_transaction_read_only = on")


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def variable(login: str) -> str:
    """The environment variable that holds a login's password."""
    return f"{login.upper()}_PASSWORD"


def from_environment(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The administrator's URL and the passwords by login; a missing one is named."""
    admin_url = _value(environment, "ADMIN_DATABASE_URL")
    if not admin_url:
        raise BootstrapError("set ADMIN_DATABASE_URL to postgresql://<administrator>:<password>@<host>:<port>/<database>")
    return admin_url, {login: _value(environment, variable(login)) for login in LOGINS}


def connections_from(environment: Mapping[str, str]) -> dict[str, int]:
    """How many connections logins may have, of those for which it is said."""
    found = {}
    for service in SERVICES:
        name = f"{service.upper()}_APP_CONNECTIONS"
        if not (value := environment.get(name, "")):
            continue
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= _MOST_CONNECTIONS:
            raise BootstrapError(f"{name} must be a number from 1 to {_MOST_CONNECTIONS}")
        found[f"{service}_app"] = int(value)
    return found


def _value(environment: Mapping[str, str], name: str) -> str:
    if path := environment.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BootstrapError(f"{name}_FILE names {path}, which cannot be read: {error.strerror}") from None
    return environment.get(name, "")


if __name__ == "__main__":
    done = asyncio.run(bootstrap(*from_environment(os.environ), connections_from(os.environ)))
    sys.stdout.writelines(f"{change}\n" for change in done or ["nothing to change"])
