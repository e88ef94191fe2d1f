"""Each service has one line of migrations, numbered without gaps, and its revision is its number."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from shared.contracts.lanes import SERVICES
from tests.architecture.source import ROOT

_FILE = re.compile(r"^(\d{4})_[a-z0-9]+(_[a-z0-9]+)*\.py$")


def find_migration_problems(folder: Path) -> Iterator[str]:
    """Problems of an Alembic folder: file names first, and the line of revisions where the names are sound."""
    names = sorted(file.name for file in (folder / "versions").glob("*.py") if file.name != "__init__.py")
    matches = [_FILE.match(name) for name in names]
    misnamed = [name for name, match in zip(names, matches, strict=True) if match is None]
    numbers = [match[1] for match in matches if match]
    yield from (f"{name}: a migration is called NNNN_what_it_does.py" for name in misnamed)
    yield from (f"{number} is used {count} times" for number, count in Counter(numbers).items() if count > 1)
    expected = [f"{number:04}" for number in range(1, len(numbers) + 1)]
    if not misnamed and len({*numbers}) == len(numbers):
        if numbers != expected:
            yield f"the numbers are {numbers} and should be {expected}"
        else:
            yield from _line_problems(folder, expected)


def _line_problems(folder: Path, expected: list[str]) -> Iterator[str]:
    script = ScriptDirectory(str(folder))
    heads = script.get_heads()
    if len(heads) != 1:
        yield f"there are {len(heads)} heads ({', '.join(sorted(heads))}); each migration follows the one before it"
    for revision in script.walk_revisions():
        before = expected[expected.index(revision.revision) - 1] if revision.revision in expected[1:] else None
        if not Path(revision.path).name.startswith(f"{revision.revision}_"):
            yield f"{Path(revision.path).name} has the revision {revision.revision}; it is the file's number"
        elif revision.down_revision != before:
            yield f"{revision.revision} follows {revision.down_revision} and should follow {before}"


@pytest.mark.parametrize("name", SERVICES)
def test_the_migrations_are_one_numbered_line(name: str) -> None:
    folder = ROOT / "services" / name / "migrations"

    assert list(find_migration_problems(folder)) == []
    assert list((folder / "versions").glob("0001_*.py")), "the first migration makes the runtime's own tables"


def migrations(folder: Path, *files: tuple[str, str, str | None]) -> Path:
    """A folder with migrations of (file name, revision, down revision)."""
    (folder / "versions").mkdir()
    for name, revision, before in files:
        (folder / "versions" / name).write_text(f"revision = {revision!r}\ndown_revision = {before!r}\n")
    return folder


def test_one_numbered_line_is_sound(tmp_path: Path) -> None:
    assert list(find_migration_problems(migrations(tmp_path, ("0001_a.py", "0001", None), ("0002_b.py", "0002", "0001")))) == []


BAD: dict[str, list[tuple[str, str, str | None]]] = {
    "0002b.py: a migration is called": [("0001_a.py", "0001", None), ("0002b.py", "0002", "0001")],
    "0002 is used 2 times": [("0001_a.py", "0001", None), ("0002_b.py", "0002", "0001"), ("0002_c.py", "0002c", "0001")],
    "the numbers are ['0001', '0003']": [("0001_a.py", "0001", None), ("0003_c.py", "0003", "0001")],
    "there are 2 heads (0002, 0003)": [("0001_a.py", "0001", None), ("0002_b.py", "0002", "0001"), ("0003_c.py", "0003", "0001")],
    "0001_a.py has the revision f00": [("0001_a.py", "f00", None)],
}


@pytest.mark.parametrize("problem", BAD)
def test_a_line_that_is_none_is_found(problem: str, tmp_path: Path) -> None:
    found = list(find_migration_problems(migrations(tmp_path, *BAD[problem])))

    assert found[0].startswith(problem)
