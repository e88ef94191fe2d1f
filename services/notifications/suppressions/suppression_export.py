"""The suppression list as a CSV file (RFC 4180) of any length, which can be imported again; `suppression_file.py` reads it."""

import asyncio
import csv
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, Final
from uuid import UUID

from services.notifications.suppressions.models import Suppression
from services.notifications.suppressions.repository import SuppressionFilter, SuppressionReader
from services.notifications.suppressions.suppression_file import QUOTED
from shared.runtime.db import Database

ROWS_PER_PAGE: Final = 2000
HEADER: Final = (
    "id",
    "channel",
    "address",
    "scope",
    "organization_id",
    "category",
    "reason",
    "source",
    "note",
    "expires_at",
    "created_by",
    "created_at",
)


class SuppressionExport:
    """Reads page after page, each in a transaction of its own: a client may take its time over a file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, organization_id: UUID | None) -> AsyncIterator[bytes]:
        """The file in parts, the newest entry first, with the first part read already: what stops it is still an error then."""
        parts = self._parts(SuppressionFilter(seen_by=organization_id))
        return _chained(await anext(parts), parts)

    async def _parts(self, wanted: SuppressionFilter) -> AsyncIterator[bytes]:
        head: list[Sequence[Any]] = [HEADER]
        after: tuple[Any, ...] | None = None
        while True:
            async with self._database.read() as session:
                rows = await SuppressionReader(session).newest(wanted, after=after, limit=ROWS_PER_PAGE)
            yield await asyncio.to_thread(_lines, [*head, *map(_values, rows)])
            if len(rows) < ROWS_PER_PAGE:
                return
            head, after = [], (rows[-1].created_at, rows[-1].id)


async def _chained(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in others:
        yield part


def _values(row: Suppression) -> Sequence[Any]:
    return [getattr(row, name) for name in HEADER]


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not carry out: what looks like a formula begins with an apostrophe (OWASP).

    What begins with one gets another, so that whoever takes the first away has the text again.
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(QUOTED) else value
    return value
