"""The daily look at tables, indexes, partitions and caches: advice for all services, and what is done to analytics' own.

Services never read each other's schemas, so each tells of its own by its operations API. What one does not tell is a problem
of the report and holds up nothing.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.analytics.cached_answers.cache import AnswerCache
from services.analytics.events.days import day_of
from services.analytics.events.days_repository import EventDaysRepository
from services.analytics.ledgered_run import UnitOfWork
from services.analytics.optimizations.advising import advice, summed, wants_analyze, wants_vacuum
from services.analytics.optimizations.repository import TableTending
from services.analytics.optimizations.schemas import Advice, Done, OptimizationReport, SchemaLook
from services.analytics.owners.answers import Answer
from services.analytics.owners.service import Owners
from services.analytics.snapshots.repository import SnapshotRepository
from services.analytics.upkeep.repository import UpkeepRepository
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, is_away
from shared.runtime.errors import first_line
from shared.runtime.operations.storage import service as storage
from shared.runtime.operations.storage.repository import StorageReader
from shared.runtime.operations.storage.schemas import StorageOut, TableOut

logger = logging.getLogger(__name__)

OWN: Final = "analytics"
PATH: Final = "/v1/operations/storage"
AHEAD: Final = timedelta(days=3)
FORGOTTEN: Final = timedelta(days=1)
MOST_TABLES: Final = 50
"""That are tended in one look."""
MOST_BYTES: Final = 1 << 30
"""A larger table is advice: vacuuming it could last longer than a statement may."""
MOST_ADVICE: Final = 200
NOT_ENDED: Final = "it did not end: "

Read = Callable[[], AbstractAsyncContextManager[ReadSession]]
Outside = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


class Optimizing:
    """The look of `analytics.optimize_system`. tends: whether analytics' own tables are vacuumed and analysed."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        read: Read,
        outside_transactions: Outside,
        owners: Owners,
        answers: AnswerCache,
        clock: Clock,
        *,
        tends: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._read = read
        self._outside_transactions = outside_transactions
        self._owners = owners
        self._answers = answers
        self._clock = clock
        self._tends = tends

    async def optimize(self, slot: datetime) -> OptimizationReport:
        """Look, do what may be done, look again, and keep both. Done twice it finds nothing more to do."""
        made = await self._make_partitions(slot)
        told = await self._owners.ask(PATH, StorageOut)
        before = await self._own()
        done = await self._tend(before) if self._tends else []
        after = await self._own() if done else before
        report = OptimizationReport(
            schemas=self._schemas(told, before, after),
            advice=self._advice(told, after, slot),
            done=[_with_after(one, after) for one in done],
            partitions_made=made,
            questions_forgotten=await self._answers.sweep(self._clock() - FORGOTTEN),
        )
        async with self._unit_of_work() as session:
            await SnapshotRepository(session).keep("optimization", slot, report.model_dump(mode="json"))
        logger.info("system_optimized", extra={"advice": len(report.advice), "done": len(done)})
        return report

    async def _make_partitions(self, slot: datetime) -> dict[str, list[date]]:
        """Those of the next days; the hourly and daily tending makes them, too, and where it has, none is missing."""
        first, last = day_of(slot), day_of(slot + AHEAD)
        async with self._unit_of_work() as session:
            events, runs = EventDaysRepository(session), UpkeepRepository(session)
            before = {"events": await events.days(), "task_runs": await runs.days()}
            await events.make(first, last)
            await runs.make_days(first, last)
            after = {"events": await events.days(), "task_runs": await runs.days()}
        made = {name: sorted(set(days) - set(before[name])) for name, days in after.items()}
        return {name: days for name, days in made.items() if days}

    async def _own(self) -> StorageOut:
        async with self._read() as session:
            return await storage.survey(StorageReader(session))

    async def _tend(self, before: StorageOut) -> list[Done]:
        """The worst first. Whoever may not, or finds the table too large, leaves it as advice."""
        wanting = [one for one in before.tables if one.may_maintain and one.size_bytes <= MOST_BYTES and _wants(one)]
        wanting.sort(key=lambda one: one.dead_rows, reverse=True)
        async with self._outside_transactions() as connection:
            return [await self._tend_one(TableTending(connection), table) for table in wanting[:MOST_TABLES]]

    async def _tend_one(self, tending: TableTending, table: TableOut) -> Done:
        is_vacuum, began, error = wants_vacuum(table), time.monotonic(), None
        try:
            await (tending.vacuum(table.name) if is_vacuum else tending.analyze(table.name))
        except DBAPIError as failed:
            if is_away(failed):
                raise
            error = NOT_ENDED + first_line(failed.orig or failed)[:200]
        return Done(
            kind="vacuum" if is_vacuum else "analyze",
            table=table.name,
            took_s=round(time.monotonic() - began, 3),
            dead_rows_before=table.dead_rows,
            dead_rows_after=None,
            size_bytes_before=table.size_bytes,
            size_bytes_after=None,
            error=error,
        )

    def _schemas(self, told: dict[str, Answer[StorageOut]], before: StorageOut, after: StorageOut) -> dict[str, SchemaLook]:
        looks = {
            service: SchemaLook(before=summed(answer.value) if answer.value else None, after=None, problem=answer.problem)
            for service, answer in told.items()
        }
        return looks | {OWN: SchemaLook(before=summed(before), after=summed(after), problem=None)}

    def _advice(self, told: dict[str, Answer[StorageOut]], own: StorageOut, now: datetime) -> list[Advice]:
        known = {service: answer.value for service, answer in told.items() if answer.value} | {OWN: own}
        found = [one for service in sorted(known) for one in advice(service, known[service], now)]
        return found[:MOST_ADVICE]


def _wants(table: TableOut) -> bool:
    return wants_vacuum(table) or wants_analyze(table)


def _with_after(done: Done, after: StorageOut) -> Done:
    found = next((one for one in after.tables if one.name == done.table), None)
    if found is None:
        return done
    return done.model_copy(update={"dead_rows_after": found.dead_rows, "size_bytes_after": found.size_bytes})
