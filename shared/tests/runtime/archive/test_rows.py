"""Old rows are in the table or in a file that was read back, and never in both or in none."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from shared.runtime.archive import parquet
from shared.runtime.archive.errors import NotArchived
from shared.runtime.archive.rows import RowArchive
from shared.runtime.archive.rules import Rule
from shared.runtime.archive.verifying import Verifying
from shared.runtime.db import Database
from shared.testing.archives import rows_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=100)
RULE = Rule(
    table="things",
    key=("id", "part"),
    when="old.at",
    days=100,
    only="NOT old.open",
    kept=("id", "part", "at", "open", "price", "facts"),
    left_out={"who": "names somebody"},
    page=2,
)
FOLDER = "things"

pytestmark = pytest.mark.commits


@pytest.fixture
async def things(owner: asyncpg.Connection) -> asyncpg.Connection:
    """A table with five old rows that are finished, an old one that is open, and a young one."""
    await owner.execute("""
        CREATE TABLE things (id uuid, part int, at timestamptz NOT NULL, open boolean NOT NULL, who text, price numeric,
                             facts jsonb, PRIMARY KEY (id, part))
    """)
    for number in range(7):
        at = NOW if number == 6 else BEFORE - timedelta(days=10 - number)
        await owner.execute(
            "INSERT INTO things VALUES ($1, $2, $3, $4, 'Zoë', 1.50, '{\"a\": 1}')",
            UUID(int=number // 2),
            number,
            at,
            number == 5,
        )
    return owner


@pytest.fixture
def archive(database: Database, tmp_path: Path) -> RowArchive:
    return RowArchive(database.unit_of_work, tmp_path, "analytics", lambda: NOW)


async def parts(owner: asyncpg.Connection) -> list[int]:
    """What is left in the table."""
    return [row[0] for row in await owner.fetch("SELECT part FROM things ORDER BY part")]


async def manifests(owner: asyncpg.Connection) -> list[asyncpg.Record]:
    return list(await owner.fetch("SELECT * FROM archives ORDER BY first_key"))


def kept(folder: Path) -> list[dict[str, Any]]:
    """What anybody reads who reads all files."""
    return rows_of(folder / "analytics" / FOLDER / "*.parquet", "part") if names(folder) else []


def names(folder: Path, pattern: str = "[!.]*.parquet") -> list[Path]:
    return sorted((folder / "analytics" / FOLDER).glob(pattern))


async def test_pages_take_all_that_is_old_and_finished_into_files_and_no_more(
    things: asyncpg.Connection, archive: RowArchive, tmp_path: Path
) -> None:
    pages = [await archive.keep_page(RULE, BEFORE) for _ in range(5)]

    assert pages == [2, 2, 1, 0, 0]
    assert await parts(things) == [5, 6]
    assert [row["part"] for row in kept(tmp_path)] == [0, 1, 2, 3, 4]
    assert kept(tmp_path)[0] == {
        "id": str(UUID(int=0)),
        "part": 0,
        "at": BEFORE - timedelta(days=10),
        "open": False,
        "price": "1.50",
        "facts": '{"a": 1}',
    }
    assert names(tmp_path, ".*") == []


async def test_manifest_says_what_the_file_has(things: asyncpg.Connection, archive: RowArchive, tmp_path: Path) -> None:
    await archive.keep_page(RULE, BEFORE)
    (manifest,) = await manifests(things)
    (path,) = names(tmp_path)

    content = path.read_bytes()
    assert manifest["file"] == f"things/{path.name}"
    assert path.name.startswith("things_20251112_")
    assert (manifest["source"], manifest["row_count"], manifest["archived_at"]) == ("things", 2, NOW)
    assert (manifest["size_bytes"], manifest["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (manifest["first_key"], manifest["last_key"]) == (f'["{UUID(int=0)}", 0]', f'["{UUID(int=0)}", 1]')
    assert (manifest["oldest_at"], manifest["newest_at"]) == (BEFORE - timedelta(days=10), BEFORE - timedelta(days=9))


@pytest.mark.parametrize("place", ["/proc/nothing", "file"])
async def test_rows_stay_where_the_disk_takes_no_file(
    things: asyncpg.Connection, database: Database, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    archive = RowArchive(database.unit_of_work, tmp_path / place, "analytics", lambda: NOW)

    with pytest.raises(NotArchived, match="does not take rows"):
        await archive.keep_page(RULE, BEFORE)
    assert await parts(things) == [0, 1, 2, 3, 4, 5, 6]
    assert await manifests(things) == []


async def test_rows_stay_where_the_file_that_is_read_back_is_another(
    things: asyncpg.Connection, archive: RowArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A disk that gives back other bytes than it took cannot be had here.
    monkeypatch.setattr(parquet, "content_of", lambda _: parquet.Content(2))

    with pytest.raises(NotArchived, match="does not have the 2 rows"):
        await archive.keep_page(RULE, BEFORE)
    assert await parts(things) == [0, 1, 2, 3, 4, 5, 6]
    assert (await manifests(things), names(tmp_path)) == ([], [])


async def test_page_that_the_table_does_not_give_back_whole_is_not_archived(
    things: asyncpg.Connection, archive: RowArchive, tmp_path: Path
) -> None:
    await things.execute("CREATE RULE spared AS ON DELETE TO things WHERE OLD.part = 1 DO INSTEAD NOTHING")

    with pytest.raises(NotArchived, match="gave back 1 rows, and 2 were written"):
        await archive.keep_page(RULE, BEFORE)
    assert await parts(things) == [0, 1, 2, 3, 4, 5, 6]
    assert (await manifests(things), names(tmp_path)) == ([], [])


async def test_row_that_somebody_holds_is_left_for_the_next_time(
    things: asyncpg.Connection, database: Database, archive: RowArchive, tmp_path: Path
) -> None:
    async with database.unit_of_work() as session:
        await session.execute(text("SELECT * FROM things WHERE part = 1 FOR UPDATE"))
        assert [await archive.keep_page(RULE, BEFORE) for _ in range(3)] == [2, 2, 0]
    assert await parts(things) == [1, 5, 6]
    assert [await archive.keep_page(RULE, BEFORE) for _ in range(2)] == [1, 0]
    assert [row["part"] for row in kept(tmp_path)] == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("things")
async def test_draft_of_a_page_that_did_not_end_is_removed_and_that_of_one_that_did_gets_its_name(
    archive: RowArchive, tmp_path: Path
) -> None:
    await archive.keep_page(RULE, BEFORE)
    (first,) = names(tmp_path)
    first.rename(first.with_name(f".{first.stem}.0badc0de.parquet"))
    first.with_name(f".{first.stem}.deadbeef.parquet").write_bytes(b"half a file")
    first.with_name(".things_20251112_0000000000000000.deadbeef.parquet").write_bytes(b"of nothing")
    await archive.keep_page(RULE, BEFORE)

    assert names(tmp_path, ".*") == []
    assert [row["part"] for row in kept(tmp_path)] == [0, 1, 2, 3]


@pytest.mark.usefixtures("things")
async def test_verifying_finds_files_that_are_not_there_changed_or_of_nobody(
    database: Database, archive: RowArchive, tmp_path: Path
) -> None:
    while await archive.keep_page(RULE, BEFORE):
        pass
    verifying = Verifying(database.read, tmp_path, "analytics")
    assert [(one.rows, one.problem) async for one in verifying.findings()] == [(count, None) for count in _counts(tmp_path)]

    missing, changed, _ = names(tmp_path)
    missing.rename(missing.with_name("unknown.parquet"))
    whole = changed.read_bytes()
    changed.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    found = {Path(one.file).name: one.problem or "" async for one in verifying.findings()}

    assert found[missing.name] == "is not there"
    assert "which are not those of its manifest" in found[changed.name]
    assert found["unknown.parquet"].startswith("no manifest names it")
    assert sum(not problem for problem in found.values()) == 1


def _counts(folder: Path) -> list[int]:
    return [len(rows_of(path)) for path in names(folder)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"days": 29}, "too young"),
        ({"kept": ("id",)}, "could not tell rows apart"),
        ({"left_out": {"at": "x"}}, "kept and left out"),
    ],
)
def test_rule_that_cannot_be_meant_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    usual: dict[str, Any] = {"table": "things", "key": ("id", "part"), "when": "old.at", "days": 100, "kept": RULE.kept}

    with pytest.raises(ValueError, match=sentence):
        Rule(**usual | wrong)
