"""Making reports: figures are frozen, files follow from them one after the other, and then those who wait for it are told.

Each step is a transaction of its own and is skipped where it was taken, so a report goes on where its maker has died.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from services.analytics.reports.figure_models import Figures
from services.analytics.reports.file_models import MadeFile
from services.analytics.reports.files import MAKERS, STEPS, frozen, manifest_of
from services.analytics.reports.gathering import Gathering
from services.analytics.reports.letters import Letters
from services.analytics.reports.models import Report
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.service import hash_of
from services.analytics.rollups.rolling import Rolling
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.errors import first_line
from shared.runtime.outbox import publish

LINK_LASTS: Final = timedelta(days=14)


class Making:
    """gathering: reads figures in a session."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        rolling: Rolling,
        gathering: Callable[[Session], Gathering],
        letters: Letters,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._rolling = rolling
        self._gathering = gathering
        self._letters = letters
        self._clock = clock

    async def make(self, report: Report) -> None:
        """Take every step that was not taken. What goes wrong is written to the report, and raised."""
        try:
            figures, sha256 = await self._figures(report)
            files = [await self._file(report.id, number, figures, sha256) for number in range(len(MAKERS))]
            await self._keep(report.id, manifest_of(figures, sha256, files), len(MAKERS) + 2)
            await self._end(report, figures)
        except Exception as error:
            await self._fail(report.id, error)
            raise

    async def _figures(self, report: Report) -> tuple[Figures, str]:
        await self._rolling.roll()
        async with self._unit_of_work() as session:
            reports = ReportRepository(session)
            await reports.move(report.id, status="running", step=STEPS[0], steps_done=0, error=None, finished_at=None)
            known = await reports.figures(report.id)
            if known is None:
                text, sha256 = frozen(await self._gathering(session).gather(report))
                await reports.freeze(report.id, text, sha256, self._clock())
                known = await reports.figures(report.id)
            assert known is not None, "it was frozen above, or by somebody else"
            await reports.move(report.id, step=STEPS[1], steps_done=1)
        figures = Figures.model_validate_json(known)
        return figures, frozen(figures)[1]

    async def _file(self, key: UUID, number: int, figures: Figures, sha256: str) -> MadeFile:
        name = list(MAKERS)[number]
        async with self._unit_of_work() as session:
            known = await ReportRepository(session).content(key, name)
            rows = {one.name: one.rows for one in await ReportRepository(session).files(key)}
        if known is not None:
            return MadeFile(name, known[0], known[2], rows[name])
        # Laying out takes the time of many transactions, so none is open meanwhile.
        made = await asyncio.to_thread(MAKERS[name], figures, sha256)
        await self._keep(key, made, number + 2)
        return made

    async def _keep(self, key: UUID, made: MadeFile, done: int) -> None:
        async with self._unit_of_work() as session:
            reports = ReportRepository(session)
            await reports.keep(key, made)
            await reports.move(key, step=STEPS[done], steps_done=done)

    async def _end(self, report: Report, figures: Figures) -> None:
        now = self._clock()
        async with self._unit_of_work() as session:
            reports = ReportRepository(session)
            for address in await reports.take_mails(report.id, now):
                token = secrets.token_urlsafe(24)
                await reports.link(report.id, hash_of(token), now, now + LINK_LASTS)
                letter = self._letters.of(report, figures, address, token, now + LINK_LASTS)
                publish(session, letter, message_id=uuid5(report.id, address))
            await reports.move(report.id, status="done", step="done", steps_done=len(STEPS), finished_at=now, error=None)

    async def _fail(self, key: UUID, error: Exception) -> None:
        said = f"{type(error).__name__}: {first_line(error)}"[:500]
        async with self._unit_of_work() as session:
            await ReportRepository(session).move(key, status="failed", error=said, finished_at=None)


def differing(figures: Figures, sha256: str, kept: dict[str, str]) -> list[str]:
    """Names of files that are not what their figures give again. kept: the SHA-256 of each, by name."""
    files = [make(figures, sha256) for make in MAKERS.values()]
    again = {one.name: one.sha256 for one in (*files, manifest_of(figures, sha256, files))}
    return sorted(name for name in again.keys() | kept.keys() if again.get(name) != kept.get(name))
