"""Files: every kind of value comes back as it was, and a file that is not right is an error and no panic."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.archive import parquet
from shared.runtime.archive.columns import Column
from shared.testing.archives import rows_of

COLUMNS = [
    Column(kind, kind)
    for kind in ("text", "uuid", "bool", "int2", "int4", "int8", "float4", "float8", "date", "timestamptz", "bytea")
]
VALUES: list[list[Any]] = [
    [
        "Zoë|\n\0",
        "u",
        True,
        -32768,
        2**31 - 1,
        -(2**63),
        0.25,
        0.1,
        date(1950, 2, 3),
        datetime(1969, 1, 1, 0, 0, 0, 1, UTC),
        b"\0x",
    ],
    ["", "", False, 0, 0, 0, float("inf"), -0.0, date(9999, 12, 31), datetime(2400, 1, 1, tzinfo=UTC), b""],
    [None] * len(COLUMNS),
]
PLAIN = [[column.plain(value) for column, value in zip(COLUMNS, row, strict=True)] for row in VALUES]


def content(rows: parquet.Rows) -> parquet.Content:
    made = parquet.Content()
    made.add(rows)
    return made


def test_values_of_every_kind_come_back_as_they_were(tmp_path: Path) -> None:
    parquet.write(tmp_path / "a.parquet", COLUMNS, [PLAIN[:2], PLAIN[2:]], {"source": "things"})
    read = parquet.content_of(tmp_path / "a.parquet")

    assert read is not None
    assert read.same_as(content(PLAIN))
    assert [list(row) for part in parquet.read(tmp_path / "a.parquet", COLUMNS) for row in part] == PLAIN
    assert [list(row.values()) for row in rows_of(tmp_path / "a.parquet", "int2 NULLS LAST")] == VALUES


def test_file_without_rows_is_one(tmp_path: Path) -> None:
    parquet.write(tmp_path / "a.parquet", COLUMNS, [], {})

    assert rows_of(tmp_path / "a.parquet") == []
    found = parquet.content_of(tmp_path / "a.parquet")
    assert found is not None
    assert found.same_as(parquet.Content())


@pytest.mark.parametrize("changed", [[], PLAIN[:2], [*PLAIN[:2], [*PLAIN[2][:-1], b""]], [PLAIN[1], PLAIN[0], PLAIN[2]]])
def test_rows_that_are_not_the_same_have_another_digest(changed: parquet.Rows) -> None:
    assert not content(PLAIN).same_as(content(changed))


def test_byte_that_a_disk_has_changed_is_read_without_complaint_and_found_by_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [[f"{number:032}"] for number in range(2000)]
    columns = [Column("text", "text")]
    parquet.write(path, columns, [rows], {})
    whole = path.read_bytes()
    differs = []
    for place in range(40, 400, 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            found = parquet.content_of(path)
        except parquet.FileBroken:
            continue
        differs.append(found is not None and not found.same_as(content(rows)))

    assert all(differs)


@pytest.mark.parametrize("broken", [b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_file_that_is_none_is_an_error_and_no_panic(broken: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(broken)

    with pytest.raises(parquet.FileBroken):
        parquet.content_of(tmp_path / "a.parquet")


@pytest.mark.parametrize("path", ["/dev/full", "/nowhere/a.parquet"])
def test_disk_that_is_full_or_not_there_is_an_error_and_no_panic(path: str) -> None:
    with pytest.raises(parquet.FileBroken):
        parquet.write(Path(path), COLUMNS, [PLAIN], {})


def test_error_of_whoever_gives_the_rows_stays_what_it_was(tmp_path: Path) -> None:
    def parts() -> Iterator[parquet.Rows]:
        yield PLAIN
        raise LookupError("the database went away")

    with pytest.raises(LookupError, match="went away"):
        parquet.write(tmp_path / "a.parquet", COLUMNS, parts(), {})
