"""What figures of tables and indexes say. The limits are those from which it is worth somebody's time.

PostgreSQL vacuums by itself once a fifth of a table is dead, and analyses it once a tenth has changed: what is far beyond
that and was not, has been in its way.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services.analytics.optimizations.schemas import Advice, SchemaOut
from shared.runtime.operations.storage.schemas import IndexOut, StorageOut, TableOut

DEAD_SHARE: Final = 0.25
DEAD_ROWS: Final = 1000
CHANGED_SHARE: Final = 0.2
CHANGED_ROWS: Final = 1000
BLOAT_SHARE: Final = 0.5
BLOAT_BYTES: Final = 64 * 1024 * 1024
INDEX_BYTES: Final = 1024 * 1024
COUNTED: Final = timedelta(days=7)
"""An index that was not read for less may be of the month's end."""
WHOLE_READS: Final = 1000
ROWS_READ: Final = 10_000


def wants_vacuum(table: TableOut) -> bool:
    """Whether too much of it is dead."""
    return table.dead_rows >= DEAD_ROWS and (table.dead_share or 0.0) >= DEAD_SHARE


def wants_analyze(table: TableOut) -> bool:
    """Whether too much of it has changed since somebody looked."""
    return table.changed_since_analyze >= CHANGED_ROWS + CHANGED_SHARE * table.live_rows


def advice(service: str, storage: StorageOut, now: datetime) -> Iterator[Advice]:
    """All that is worth a look in one schema."""
    for table in storage.tables:
        for kind, detail in _of_table(table):
            yield Advice.model_validate({"service": service, "kind": kind, "subject": table.name, "detail": detail})
    # Without a moment they were never forgotten, which is longer than any.
    is_counted = storage.counted_since is None or now - storage.counted_since >= COUNTED
    for index in storage.indexes:
        for kind, detail in _of_index(index, is_counted=is_counted):
            yield Advice.model_validate({"service": service, "kind": kind, "subject": index.name, "detail": detail})


def summed(storage: StorageOut) -> SchemaOut:
    """A schema as a whole."""
    tables = storage.tables
    return SchemaOut(
        tables=len(tables),
        live_rows=sum(table.live_rows for table in tables),
        dead_rows=sum(table.dead_rows for table in tables),
        size_bytes=sum(table.size_bytes + table.indexes_bytes for table in tables),
        bloat_bytes=sum(table.bloat_bytes or 0 for table in tables),
    )


def _of_table(table: TableOut) -> Iterator[tuple[str, str]]:
    if wants_vacuum(table):
        last = f"last on {table.vacuumed_at:%Y-%m-%d}" if table.vacuumed_at else "never"
        yield "vacuum", f"{table.dead_rows} dead rows, {table.dead_share or 0:.0%} of all; vacuumed {last}"
    if wants_analyze(table):
        last = f"last on {table.analyzed_at:%Y-%m-%d}" if table.analyzed_at else "never"
        yield "analyze", f"{table.changed_since_analyze} rows have changed since it was analysed, {last}"
    if (table.bloat_bytes or 0) >= max(BLOAT_BYTES, BLOAT_SHARE * table.size_bytes):
        yield "bloat", f"about {_megabytes(table.bloat_bytes or 0)} of {_megabytes(table.size_bytes)} hold nothing"
    if table.whole_reads >= WHOLE_READS and table.rows_read_whole >= ROWS_READ * table.whole_reads:
        rows = table.rows_read_whole // table.whole_reads
        yield "missing_index", f"read from end to end {table.whole_reads} times, {rows} rows each: an index may be missing"


def _of_index(index: IndexOut, *, is_counted: bool) -> Iterator[tuple[str, str]]:
    if not index.is_valid:
        yield "invalid_index", f"of {index.table_name}: making it has failed halfway; drop it and make it again"
    elif index.same_as is not None and not index.is_constraint:
        yield "repeated_index", f"of {index.table_name}: the same as {index.same_as}, {_megabytes(index.size_bytes)}"
    elif is_counted and index.reads == 0 and not index.is_constraint and index.size_bytes >= INDEX_BYTES:
        yield "unused_index", f"of {index.table_name}: never read, {_megabytes(index.size_bytes)}"


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"
