"""A backup, and everything that can go wrong with it, on a real server with PostgreSQL's own programs."""

import asyncio
import resource
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.lanes import SERVICES
from shared.runtime.clock import system_clock
from shared.runtime.dumps.checking import check
from shared.runtime.dumps.dumping import Dumping, Plan
from shared.runtime.dumps.errors import AlreadyRunning, BackupDamaged, DatabaseAway, DiskFull, NotSetUp, TargetRefused
from shared.runtime.dumps.files import read_back
from shared.runtime.dumps.manifest import Manifest, backups_in, folder_name, read_manifest
from shared.runtime.dumps.programs import Programs
from shared.runtime.dumps.restoring import Restoring, Target
from shared.runtime.ids import uuid7
from shared.testing.database import FreshDatabase
from shared.testing.wait import eventually

PROGRAMS: Final = Programs()
TWO: Final = ("alerts", "trips")
_CONTENT: Final = """
    SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (SELECT row::text AS line FROM {table} AS row) AS lines
"""
_TABLES: Final = """
    SELECT format('%I.%I', schemaname, tablename) AS name, tableowner || ' ' || coalesce(relacl::text, '') AS rights
      FROM pg_tables JOIN pg_class ON pg_class.oid = format('%I.%I', schemaname, tablename)::regclass
     WHERE schemaname = $1 ORDER BY 1
"""


def dumping(fresh: FreshDatabase, folder: Path, schemas: tuple[str, ...] = TWO, programs: Programs = PROGRAMS) -> Dumping:
    """As the backup role."""
    return Dumping(Plan(fresh.address.url(fresh.name, "backup"), folder, schemas), programs, system_clock)


async def backed_up(fresh: FreshDatabase, folder: Path, schemas: tuple[str, ...] = TWO) -> tuple[Path, Manifest]:
    """One whole backup."""
    async with dumping(fresh, folder, schemas).alone() as turn:
        name, manifest = await turn.dump(uuid7(), 60)
    return folder / name, manifest


@asynccontextmanager
async def admin(fresh: FreshDatabase) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """The superuser, for as long as the block."""
    connection = await asyncpg.connect(fresh.admin_url)
    try:
        yield connection
    finally:
        await connection.close()


def entries(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def write_lines(fresh: FreshDatabase, *schemas: str) -> None:
    """Lines in a table with an identity, which refuses to lose any."""
    for schema in schemas:
        connection = await asyncpg.connect(fresh.url(schema))
        await connection.executemany(
            "INSERT INTO operations_audit (actor, action, target, details) VALUES ($1, 'test', $2, '{\"a\": [1, null]}')",
            [(f"Zoë {number}", "line\nbreak\ttab") for number in range(3)],
        )
        await connection.close()


async def contents(fresh: FreshDatabase, schemas: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """All rows and rights of all tables."""
    async with admin(fresh) as connection:
        found = {}
        for schema in schemas:
            for row in await connection.fetch(_TABLES, schema):
                found[row["name"]] = (row["rights"], await connection.fetchval(_CONTENT.format(table=row["name"])))
        return found


async def test_every_schema_that_is_lost_comes_back_with_all_rows_and_rights(fresh: FreshDatabase, tmp_path: Path) -> None:
    await write_lines(fresh, *SERVICES)
    before = await contents(fresh, SERVICES)
    folder, manifest = await backed_up(fresh, tmp_path, SERVICES)
    async with admin(fresh) as connection:
        for schema in SERVICES:
            await connection.execute(f"DROP SCHEMA {schema} CASCADE")

    differences = await Restoring(folder, manifest, PROGRAMS).restore(SERVICES, Target(fresh.admin_url))

    assert differences == []
    assert await contents(fresh, SERVICES) == before
    assert [schema.rows["operations_audit"] for schema in manifest.schemas] == [3] * 5
    await write_lines(fresh, "payments")  # as the application, whose rights and sequences are back


async def test_all_schemas_are_as_of_one_moment(fresh: FreshDatabase, tmp_path: Path) -> None:
    await write_lines(fresh, "alerts")
    async with dumping(fresh, tmp_path).alone() as turn:
        task = asyncio.create_task(turn.dump(uuid7(), 60))
        await eventually(lambda: list(tmp_path.glob(".*/alerts.dump")))
        await write_lines(fresh, "trips")
        name, manifest = await task

    assert [schema.rows["operations_audit"] for schema in manifest.schemas] == [3, 0]
    assert [path.name for path in backups_in(tmp_path)] == [name]
    assert read_manifest(tmp_path / name) == manifest


def test_backups_are_sorted_by_name_as_by_time_within_a_second_as_well() -> None:
    first, second = datetime(2026, 3, 2, 9, 0, 0, 4, tzinfo=UTC), datetime(2026, 3, 2, 9, 0, 0, 50_000, tzinfo=UTC)

    assert folder_name(first, UUID(int=2**128 - 1)) < folder_name(second, UUID(int=0))


async def test_second_backup_at_the_same_time_is_refused_and_what_was_left_behind_is_cleared(
    fresh: FreshDatabase, tmp_path: Path
) -> None:
    left = tmp_path / ".0199"
    left.mkdir()
    (left / "alerts.dump").write_bytes(b"half")
    one = dumping(fresh, tmp_path)
    async with one.alone() as turn:
        with pytest.raises(AlreadyRunning, match="another backup runs"):
            async with one.alone():
                pass
        await turn.dump(key := uuid7(), 60)

    found = one.finished(key)
    assert found is not None
    assert entries(tmp_path) == [found[0]]
    assert one.finished(uuid7()) is None


async def test_disk_that_is_full_leaves_nothing_and_says_so(fresh: FreshDatabase, tmp_path: Path) -> None:
    whole, _ = await backed_up(fresh, tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(DiskFull, match="no room left for it; make some, or keep fewer backups"):
            await backed_up(fresh, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert entries(tmp_path) == [whole.name]


async def test_what_a_killed_backup_has_left_makes_room_before_room_is_looked_for(fresh: FreshDatabase, tmp_path: Path) -> None:
    whole, _ = await backed_up(fresh, tmp_path)
    with (whole / "alerts.dump").open("r+b") as file:
        file.truncate(1 << 43)  # so big that another one has no room; a file with a hole takes none
    (tmp_path / ".0199").mkdir()

    with pytest.raises(DiskFull, match="MB left, and this takes about"):
        await backed_up(fresh, tmp_path)

    assert entries(tmp_path) == [whole.name]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "bytes, and its manifest says"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1] + b"~"), "has other bytes than were written"),
        (lambda file: file.unlink(), "cannot be read: No such file"),
    ],
)
async def test_backup_that_has_changed_on_the_disk_is_found_out_and_not_restored(
    fresh: FreshDatabase, tmp_path: Path, change: Any, sentence: str
) -> None:
    folder, manifest = await backed_up(fresh, tmp_path)
    change(folder / "trips.dump")

    with pytest.raises(BackupDamaged, match=sentence):
        await check(folder, manifest, PROGRAMS)
    with pytest.raises(BackupDamaged, match=sentence):
        await Restoring(folder, manifest, PROGRAMS).restore(TWO, Target(fresh.admin_url, replace=True))
    assert len(await contents(fresh, TWO)) > 20


async def test_database_that_has_the_schema_or_is_in_use_is_not_restored_into(fresh: FreshDatabase, tmp_path: Path) -> None:
    await write_lines(fresh, "alerts")
    folder, manifest = await backed_up(fresh, tmp_path)
    before, restoring = await contents(fresh, TWO), Restoring(folder, manifest, PROGRAMS)

    with pytest.raises(TargetRefused, match="has alerts already: restore into another database, or replace"):
        await restoring.restore(["alerts"], Target(fresh.admin_url))
    async with admin(fresh):
        with pytest.raises(TargetRefused, match=r"is in use by 1 other connection\(s\): stop the services"):
            await restoring.restore(["alerts"], Target(fresh.admin_url, replace=True))
    assert await contents(fresh, TWO) == before

    await write_lines(fresh, *TWO)
    assert await restoring.restore(["alerts"], Target(fresh.admin_url, replace=True)) == []
    after = await contents(fresh, TWO)
    assert {name: rows for name, rows in after.items() if name.startswith("alerts.")} == {
        name: rows for name, rows in before.items() if name.startswith("alerts.")
    }
    assert after["trips.operations_audit"] != before["trips.operations_audit"]


async def test_login_that_may_not_look_into_sessions_sees_that_the_database_is_in_use(
    fresh: FreshDatabase, tmp_path: Path
) -> None:
    folder, manifest = await backed_up(fresh, tmp_path)
    keeper = f"{fresh.name}_keeper"

    async with admin(fresh) as connection:
        # As the administrator of a managed database is: no superuser, and without pg_read_all_stats.
        await connection.execute(f"CREATE ROLE \"{keeper}\" LOGIN CREATEROLE CREATEDB PASSWORD '{fresh.address.password}'")
        try:
            target = Target(fresh.address.url(fresh.name, keeper), replace=True)
            with pytest.raises(TargetRefused, match=r"is in use by 1 other connection\(s\)"):
                await Restoring(folder, manifest, PROGRAMS).restore(["alerts"], target)
        finally:
            await connection.execute(f'DROP ROLE "{keeper}"')


async def test_restore_that_fails_leaves_the_schema_as_it_was(fresh: FreshDatabase, tmp_path: Path) -> None:
    await write_lines(fresh, "alerts")
    folder, manifest = await backed_up(fresh, tmp_path)
    before = await contents(fresh, TWO)
    # The manifest's own bytes, but an archive that pg_restore stops in the middle of.
    broken = (folder / "alerts.dump").read_bytes()[:-200]
    (folder / "alerts.dump").write_bytes(broken)
    cut = manifest.schemas[0].model_copy(update=await _sums(folder / "alerts.dump"))
    forged = manifest.model_copy(update={"schemas": (cut, manifest.schemas[1])})

    with pytest.raises(Exception, match="pg_restore of the schema alerts ended with 1"):
        await Restoring(folder, forged, PROGRAMS).restore(["alerts"], Target(fresh.admin_url, replace=True))

    assert await contents(fresh, TWO) == before
    with pytest.raises(BackupDamaged):
        await check(folder, forged, Programs(_lying(tmp_path)))


async def _sums(path: Path) -> dict[str, Any]:
    written = await read_back(path)
    return {"size_bytes": written.size_bytes, "sha256": written.sha256}


def _lying(folder: Path) -> Path:
    """A folder of programs that list nothing."""
    programs = folder / ".programs"
    programs.mkdir()
    shutil.copy("/bin/true", programs / "pg_restore")
    return programs


async def test_what_is_not_set_up_is_said_in_a_sentence(fresh: FreshDatabase, tmp_path: Path) -> None:
    async with dumping(fresh, tmp_path, ("alerts", "nothing")).alone() as turn:
        with pytest.raises(NotSetUp, match="no schema nothing with tables"):
            await turn.dump(uuid7(), 60)
    async with dumping(fresh, tmp_path, programs=Programs(tmp_path)).alone() as turn:
        with pytest.raises(NotSetUp, match="there is no pg_dump in"):
            await turn.dump(uuid7(), 60)
    (tmp_path / "file").touch()
    async with dumping(fresh, tmp_path / "file").alone() as turn:
        with pytest.raises(NotSetUp, match="cannot be written"):
            await turn.dump(uuid7(), 60)
    plan = Plan("postgresql://backup:wrong@127.0.0.1:1/waybill", tmp_path, TWO)
    with pytest.raises(DatabaseAway, match="the database does not let us in"):
        async with Dumping(plan, PROGRAMS, system_clock).alone():
            pass
    assert entries(tmp_path) == ["file"]
