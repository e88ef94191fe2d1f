"""Rows into a Parquet file and out of it again, a part at a time. Nothing else here knows the library.

Pages of a file carry no checksums, so a byte that a disk has changed is read without complaint. Whoever writes therefore takes a
digest over all values, and compares it with that of what is read back.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from arro3.core import RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_parquet

from shared.runtime.archive.columns import Column

ROWS_AT_ONCE: Final = 10_000
COMPRESSION: Final = "zstd(3)"
Rows = Sequence[Sequence[Any]]
"""Rows of plain values, as `Column.plain` makes them."""


class FileBroken(Exception):
    """A file that could not be written or read."""


@dataclass(slots=True, eq=False)
class Content:
    """What is in rows that were fed to it: how many there are, and a digest over all of their values, in their order."""

    rows: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    def add(self, rows: Rows) -> None:
        """Some more rows. Plain values are told apart by what `repr` writes, which nothing but the same value gives."""
        self.rows += len(rows)
        for row in rows:
            self._hash.update(repr(tuple(row)).encode())

    @property
    def digest(self) -> str:
        """SHA-256, in hex."""
        return str(self._hash.hexdigest())

    def same_as(self, other: "Content") -> bool:
        """Whether both were fed the same rows."""
        return (self.rows, self.digest) == (other.rows, other.digest)


def write(path: Path, columns: Sequence[Column], parts: Iterable[Rows], about: Mapping[str, str]) -> None:
    """Each part becomes a row group, and no two are in memory at once. about: kept in the file beside its rows,
    as the columns are.

    Raises FileBroken, and what `parts` raises.
    """
    schema = Schema([column.field for column in columns])
    told = {**about, "columns": json.dumps([[column.name, column.kind] for column in columns])}
    raised: list[BaseException] = []

    def batches() -> Iterator[RecordBatch]:
        try:
            for part in parts:
                arrays = [column.array([row[index] for row in part]) for index, column in enumerate(columns)]
                yield RecordBatch.from_arrays(arrays, schema=schema)
        except BaseException as error:
            # The library makes a text of it.
            raised.append(error)
            raise

    try:
        with _panics():
            reader = RecordBatchReader.from_batches(schema, batches())
            write_parquet(reader, path, compression=COMPRESSION, max_row_group_size=ROWS_AT_ONCE, key_value_metadata=told)
    except FileBroken:
        if raised:
            raise raised[0] from None
        raise


def read(path: Path, columns: Sequence[Column]) -> Iterator[Rows]:
    """The plain values of some columns of all rows, in parts. Raises FileBroken."""
    with _panics():
        for batch in read_parquet(path, batch_size=ROWS_AT_ONCE):
            yield list(zip(*(column.plain_values(batch.column(column.name)) for column in columns), strict=True))


def content_of(path: Path) -> Content | None:
    """What is in a file that `write` made; None of one that does not say which columns it has. Raises FileBroken."""
    with _panics():
        said = read_parquet(path).schema.metadata_str.get("columns")
    if said is None:
        return None
    content = Content()
    for part in read(path, [Column(name, kind) for name, kind in json.loads(said)]):
        content.add(part)
    return content


@contextmanager
def _panics() -> Iterator[None]:
    """A full disk or a broken file makes the library panic, which is no Exception and ends processes where nobody looks."""
    try:
        yield
    except (GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise FileBroken(f"{type(error).__name__}: {error}") from error
