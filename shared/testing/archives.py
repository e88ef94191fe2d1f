"""Reading archives as anybody would, with a program that shares nothing with what has written them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlalchemy import text

from shared.runtime.archive.rules import Rule
from shared.runtime.db import ReadSession

_COLUMNS: Final = text("""
    SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped
""")


def rows_of(path: Path, order_by: str = "ALL") -> list[dict[str, Any]]:
    """The rows of a Parquet file, or of all that a pattern such as `*.parquet` finds, sorted."""
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        found = connection.execute(f"SELECT * FROM read_parquet($1) ORDER BY {order_by}", [str(path)])  # noqa: S608  # a test's own
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


async def undecided_columns(session: ReadSession, rules: Sequence[Rule]) -> list[str]:
    """Columns that a rule neither keeps nor leaves out, and those that it names and the table has not: `table.column`."""
    found = []
    for rule in rules:
        columns = set((await session.execute(_COLUMNS, {"table": rule.table})).scalars())
        found += [f"{rule.table}.{name}" for name in sorted(columns ^ {*rule.kept, *rule.left_out})]
    return found
