"""Roles and schemas, tried on a real server."""

from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from deploy.postgres.bootstrap import BACKUP, LOGINS, RESTORE, BootstrapError, bootstrap, connections_from, from_environment
from shared.contracts.lanes import SERVICES
from shared.runtime.db import Database
from shared.testing.plugin import running_postgres
from shared.testing.servers import PostgresServer

PASSWORDS = {login: f"{login}-password" for login in LOGINS}
FOREIGN = [
    (login, service)
    for login in LOGINS
    for service in SERVICES
    if not login.startswith(f"{service}_") and login not in (BACKUP, RESTORE)
]

FORBIDDEN = """
SELECT * FROM {service}.secrets
INSERT INTO {service}.secrets VALUES (1)
DELETE FROM {service}.secrets
SELECT {service}.secret()
CREATE TABLE {service}.mine (id int)
DROP TABLE {service}.secrets
ALTER SCHEMA {service} RENAME TO taken
SET ROLE {service}_owner
SET ROLE {service}_app
SET ROLE backup
SET ROLE postgres
CREATE TABLE public.mine (id int)
CREATE SCHEMA mine
CREATE ROLE mine
ALTER ROLE {service}_app PASSWORD 'x'
SELECT * FROM pg_authid
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: roles belong to all databases of a server, and passwords change here."""
    with running_postgres() as server:
        yield server


@pytest.fixture
async def prepared(server: PostgresServer) -> PostgresServer:
    """The server after a bootstrap, with a table and a function in every schema."""
    await bootstrap(server.url("waybill"), PASSWORDS)
    for service in SERVICES:
        owner = await login(server, f"{service}_owner")
        await owner.execute("CREATE TABLE IF NOT EXISTS secrets (id int PRIMARY KEY)")
        await owner.execute("CREATE OR REPLACE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        await owner.close()
    return server


async def login(server: PostgresServer, role: str, password: str | None = None) -> "asyncpg.Connection[Any]":
    address = server.address
    return await asyncpg.connect(
        host=address.host, port=address.port, user=role, password=password or PASSWORDS[role], database="waybill"
    )


@pytest.mark.parametrize(("role", "service"), FOREIGN)
async def test_a_role_is_refused_in_every_foreign_schema(prepared: PostgresServer, role: str, service: str) -> None:
    connection = await login(prepared, role)
    for statement in FORBIDDEN.strip().format(service=service).splitlines():
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_an_application_works_on_rows_and_not_on_tables(prepared: PostgresServer, service: str) -> None:
    connection = await login(prepared, f"{service}_app")
    await connection.execute("INSERT INTO secrets VALUES (1)")
    await connection.execute("UPDATE secrets SET id = 2")
    assert await connection.fetchval("SELECT id + secret() FROM secrets") == 3
    await connection.execute("DELETE FROM secrets")
    for statement in ("CREATE TABLE mine (id int)", "ALTER TABLE secrets ADD more int", "TRUNCATE secrets", "DROP TABLE secrets"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_the_backup_role_reads_everything_and_writes_nothing(prepared: PostgresServer) -> None:
    connection = await login(prepared, BACKUP)
    for service in SERVICES:
        assert await connection.fetch(f"TABLE {service}.secrets") == []
        await connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"CREATE INDEX ON {service}.secrets (id)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"TRUNCATE {service}.secrets")
    await connection.close()


async def test_the_restore_role_makes_databases_of_its_own_and_does_not_get_into_ours(prepared: PostgresServer) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await login(prepared, RESTORE)
    address = prepared.address
    connection = await asyncpg.connect(
        host=address.host, port=address.port, user=RESTORE, password=PASSWORDS[RESTORE], database="postgres"
    )
    await connection.execute("CREATE DATABASE tried")
    await connection.execute("DROP DATABASE tried")
    for statement in ("DROP DATABASE waybill", "CREATE ROLE mine", "CREATE TABLE mine (id int)", "SET ROLE backup"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_an_owner_excludes_overlaps_by_an_extension_that_the_administrator_made(prepared: PostgresServer) -> None:
    connection = await login(prepared, "trips_owner")
    await connection.execute("""
        CREATE TABLE bookings (vehicle_id uuid, during tstzrange, EXCLUDE USING gist (vehicle_id WITH =, during WITH &&));
        DROP TABLE bookings;
    """)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE EXTENSION hstore")
    await connection.close()


async def test_a_second_run_changes_nothing(prepared: PostgresServer) -> None:
    before = await _catalogue(prepared)
    assert await bootstrap(prepared.url("waybill"), PASSWORDS) == []
    assert await _catalogue(prepared) == before


async def test_a_changed_password_replaces_the_old_one_and_no_other(prepared: PostgresServer) -> None:
    changed = PASSWORDS | {"trips_app": "another"}
    try:
        assert await bootstrap(prepared.url("waybill"), changed) == ["set password of trips_app"]
        await (await login(prepared, "trips_app", "another")).close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await login(prepared, "trips_app", PASSWORDS["trips_app"])
    finally:
        await bootstrap(prepared.url("waybill"), PASSWORDS)


async def test_a_login_may_have_as_many_connections_as_is_said_and_keeps_that(prepared: PostgresServer) -> None:
    async def limits() -> dict[str, int]:
        admin = await asyncpg.connect(prepared.url("waybill"))
        rows = await admin.fetch("SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname LIKE '%\\_app'")
        await admin.close()
        return {row["rolname"]: row["rolconnlimit"] for row in rows}

    first = {f"{service}_app": 60 for service in SERVICES}
    url = prepared.url("waybill")
    assert await limits() == first
    try:
        assert await bootstrap(url, PASSWORDS, {"trips_app": 400}) == ["let trips_app have 400 connections"]
        assert await limits() == first | {"trips_app": 400}
        assert await bootstrap(url, PASSWORDS) == []
        assert await limits() == first | {"trips_app": 400}
    finally:
        await bootstrap(url, PASSWORDS, {"trips_app": 60})


def test_numbers_of_connections_come_from_the_environment_and_a_wrong_one_is_named() -> None:
    assert connections_from({"TRIPS_APP_CONNECTIONS": "400", "ALERTS_APP_CONNECTIONS": ""}) == {"trips_app": 400}
    for wrong in ("0", "-1", "many", "10001", "²"):
        with pytest.raises(BootstrapError, match="TRIPS_APP_CONNECTIONS must be a number"):
            connections_from({"TRIPS_APP_CONNECTIONS": wrong})


async def test_what_a_process_says_when_it_connects_the_login_says_too(prepared: PostgresServer) -> None:
    """A pooler leaves out what is said at the start of a connection, since its own connections serve many."""
    names = ("jit", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    show = f"SELECT {', '.join(f'current_setting({name!r}) AS {name}' for name in names)}"
    password = PASSWORDS["trips_app"]
    address = prepared.address
    database = Database(f"postgresql://trips_app:{password}@{address.host}:{address.port}/waybill", name="test", pool_size=1)
    async with database.read() as session:
        said = dict((await session.execute(text(show))).mappings().one())
    await database.close()
    plain = await login(prepared, "trips_app")
    assert dict(await plain.fetchrow(show) or {}) == said
    await plain.close()


async def test_rights_that_somebody_gave_to_everybody_are_taken_back(prepared: PostgresServer) -> None:
    admin = await asyncpg.connect(prepared.url("waybill"))
    await admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    await bootstrap(prepared.url("waybill"), PASSWORDS)
    assert not await admin.fetchval("SELECT has_schema_privilege('trips_app', 'public', 'CREATE')")
    await admin.close()


@pytest.mark.parametrize("wrong", [{"password": None}, {"database": "postgres"}])
async def test_what_is_missing_or_wrong_is_named_before_anything_is_done(
    server: PostgresServer, wrong: Mapping[str, Any]
) -> None:
    passwords = PASSWORDS if "database" in wrong else {name: value for name, value in PASSWORDS.items() if name != "trips_app"}
    with pytest.raises(BootstrapError, match=r"TRIPS_APP_PASSWORD|maintenance database"):
        await bootstrap(server.url(wrong.get("database", "untouched")), passwords)
    admin = await asyncpg.connect(server.url("postgres"))
    assert await admin.fetchval("SELECT count(*) FROM pg_database WHERE datname = 'untouched'") == 0
    await admin.close()


async def test_a_server_that_is_away_is_said_in_one_sentence_without_the_password() -> None:
    with pytest.raises(BootstrapError, match=r"cannot reach PostgreSQL at 127\.0\.0\.1:1: ") as refused:
        await bootstrap("postgresql://postgres:geheim@127.0.0.1:1/waybill", PASSWORDS)
    assert "geheim" not in str(refused.value)


def test_passwords_come_from_the_environment_or_from_files(tmp_path: Any) -> None:
    (tmp_path / "password").write_text("from a file\n")
    environment = {
        "ADMIN_DATABASE_URL": "postgresql://a@b/c",
        "TRIPS_APP_PASSWORD": "given",
        "BACKUP_PASSWORD_FILE": f"{tmp_path}/password",
    }
    url, passwords = from_environment(environment)
    assert url == "postgresql://a@b/c"
    assert (passwords["trips_app"], passwords["backup"], passwords["alerts_app"]) == ("given", "from a file", "")


async def _catalogue(server: PostgresServer) -> list[Any]:
    """Everything that a bootstrap can change."""
    admin = await asyncpg.connect(server.url("waybill"))
    queries = (
        "SELECT * FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY rolname",
        "SELECT oid, nspname, nspowner, nspacl::text FROM pg_namespace ORDER BY oid",
        "SELECT oid, datname, datacl::text FROM pg_database ORDER BY oid",
        "SELECT defaclrole, defaclnamespace, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2, 3",
        "SELECT * FROM pg_db_role_setting ORDER BY setdatabase, setrole",
        "SELECT roleid, member, inherit_option, set_option FROM pg_auth_members ORDER BY 1, 2",
        "SELECT oid, relname, relacl::text FROM pg_class WHERE relname = 'secrets' ORDER BY oid",
    )
    found = [await admin.fetch(query) for query in queries]
    await admin.close()
    return found
