"""Reading a source page by page.

What a page brings, where the next one begins and what was counted are one transaction. So a process that dies reads the page
again that it had not kept, and whoever has not moved the source hands nothing on.
"""

import logging
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from services.analytics.ledgered_run import UnitOfWork
from services.analytics.sync_runs import drift, reading
from services.analytics.sync_runs.connector import Connector
from services.analytics.sync_runs.errors import CursorGone, CursorStands
from services.analytics.sync_runs.models import Page, Position, SyncRun
from services.analytics.sync_runs.repository import SyncRepository
from shared.runtime.clock import Clock
from shared.runtime.failpoints import failpoint
from shared.runtime.outbox import publish

logger = logging.getLogger(__name__)

BUDGET_S: Final = 30.0
"""How long a run begins pages. Together with one call it stays below the lane's hard limit."""
ASKED_WHOLE: Final = 16
"""Of so many pages one is asked for without its ETag: a source whose ETag stays while its rows change would not be read again."""
MOST_EMPTY: Final = 20
"""So many pages on end without a row, or all of a run, lead nowhere. Fewer may be: a source may leave out what is not ours."""
OVERTAKEN: Final = "another run has read these pages before this one"


class _Overtaken(Exception):
    """Somebody else has moved the source since it was looked at."""


class Pulling:
    """most_pages: of one run; the next one goes on from there. budget_s: for how long it begins pages."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        connectors: Mapping[str, Connector],
        clock: Clock,
        *,
        most_pages: int,
        budget_s: float = BUDGET_S,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._connectors = connectors
        self._clock = clock
        self._most_pages = most_pages
        self._budget_s = budget_s

    async def pull(self, key: UUID) -> None:
        """Carry out a run, or go on with it. Raises what `errors.py` draws; what was kept by then stays."""
        async with self._unit_of_work() as session:
            rows = SyncRepository(session)
            run = await rows.run(key)
            if run is None or run.ended_at is not None:
                return
            await rows.begin(key, self._clock())
            position = await rows.position(run.source)
        try:
            await self._pages(run, position)
        except _Overtaken:
            async with self._unit_of_work() as session:
                await SyncRepository(session).overtake(key, OVERTAKEN, self._clock())
        except CursorGone:
            async with self._unit_of_work() as session:
                await SyncRepository(session).restart(run.source)
            raise

    async def _pages(self, run: SyncRun, position: Position) -> None:
        connector, until = self._connectors[run.source], time.monotonic() + self._budget_s
        seen, pages, empty = {position.cursor}, 0, 0
        while True:
            page = await connector.fetch(position.cursor, position.etag if position.version % ASKED_WHOLE else None)
            failpoint("sync.page_read")
            if page.has_more and page.cursor in seen:
                raise CursorStands(f"{run.source} leads in a circle: its cursor has come before in this run")
            seen.add(page.cursor)
            position = await self._keep(run.id, connector, position, page)
            failpoint("sync.page_kept")
            pages, empty = pages + 1, 0 if page.rows else empty + 1
            if not page.has_more or pages >= self._most_pages or time.monotonic() > until:
                break
        if page.has_more and empty >= min(pages, MOST_EMPTY):
            raise CursorStands(f"{run.source} has answered {empty} pages on end without a row, and says still that there is more")
        await self._end(run.id, position)

    async def _keep(self, key: UUID, connector: Connector, position: Position, page: Page) -> Position:
        """Hand a page on. Raises _Overtaken."""
        found, now = reading.read(connector, page), self._clock()
        async with self._unit_of_work() as session:
            rows = SyncRepository(session)
            if not await rows.move(position, page.cursor, page.etag):
                raise _Overtaken
            run = await rows.run(key)
            assert run is not None, "its row was there when it began"
            known = await rows.known(position.source, found.items)
            fresh = [item for item in found.items if item.key not in known]
            await rows.remember(position.source, found.items, now)
            for message in connector.messages(fresh):
                publish(session, message)
            so_far = drift.merged(run.shape, found.shape), drift.added(run.unmapped, found.unmapped)
            await rows.count(key, found, len(fresh), has_more=page.has_more, so_far=so_far)
            await rows.quarantine(key, found.bad)
        if found.bad:
            logger.warning("sync_rows_quarantined", extra={"source": position.source, "rows": len(found.bad)})
        return Position(position.source, position.version + 1, page.cursor, page.etag, position.shape)

    async def _end(self, key: UUID, position: Position) -> None:
        now = self._clock()
        async with self._unit_of_work() as session:
            rows = SyncRepository(session)
            run = await rows.run(key)
            assert run is not None, "its row was there when it began"
            found = drift.drift(position.shape, run.shape, run.unmapped)
            await rows.succeed(run, found, drift.learned(position.shape, run.shape), now)
            await rows.forget(now)
        if found.appeared or found.vanished or found.changed or found.unmapped:
            logger.warning("sync_source_drifts", extra={"source": position.source, "run_id": str(key)})
