"""Alerts as a CSV file (RFC 4180) of any length."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.report_repository import HEADER, ReportReader
from shared.runtime.db import Database
from shared.runtime.http.csv_file import csv_lines

ROWS_PER_PAGE: Final = 2000


class AlertExport:
    """Reads page after page, each in a transaction of its own: a client may take its time over a file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, meant: AlertFilter, organization_id: UUID | None) -> AsyncIterator[bytes]:
        """The file in parts, the newest alert first, with the first part read already: what stops it is still an error then."""
        parts = self._parts(meant, organization_id)
        return _chained(await anext(parts), parts)

    async def _parts(self, meant: AlertFilter, organization_id: UUID | None) -> AsyncIterator[bytes]:
        # A page is made in a thread: thousands of rows would hold up all other requests of the process for as long as they take.
        head: list[Sequence[Any]] = [HEADER]
        after: UUID | None = None
        while True:
            async with self._database.read() as session:
                rows = await ReportReader(session).export(meant, organization_id, after=after, limit=ROWS_PER_PAGE)
            yield await asyncio.to_thread(csv_lines, [*head, *rows])
            if len(rows) < ROWS_PER_PAGE:
                return
            head, after = [], rows[-1][0]


async def _chained(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in others:
        yield part
