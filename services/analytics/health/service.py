"""Asks every part of the system how it is, all at once and within a budget."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import redis.asyncio as redis

from services.analytics.health.breakers import Breaker, breakers
from services.analytics.health.repository import HealthReader, HealthRepository
from services.analytics.health.schemas import ComponentOut, HealthOut, Kind, Status
from services.analytics.owners.service import Owners
from services.analytics.task_runs.repository import StatisticsReader
from services.analytics.workers.service import is_deaf
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session, is_away
from shared.runtime.http.health_schemas import Ready

BUDGET_S: Final = 2.0
KEPT_S: Final = 5.0
NEARLY_FULL: Final = 0.9

FORGOTTEN: Final = timedelta(days=1)

T = TypeVar("T")
Reading = Callable[[], AbstractAsyncContextManager[ReadSession]]
Writing = Callable[[], AbstractAsyncContextManager[Session]]


class HealthCheck:
    """One process's. What it finds is kept for five seconds, whoever asks."""

    def __init__(self, owners: Owners, client: "redis.Redis", read: Reading, clock: Clock) -> None:
        self._owners = owners
        self._redis = client
        self._read = read
        self._clock = clock
        self._kept: tuple[float, HealthOut] | None = None
        self._since: dict[tuple[str, str], datetime] = {}
        self._checking: asyncio.Task[HealthOut] | None = None

    async def look(self) -> HealthOut:
        """How all parts are. Never raises for what is away."""
        if self._kept is not None and time.monotonic() < self._kept[0]:
            return self._kept[1]
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._look())
        return await asyncio.shield(self._checking)

    async def keep(self, slot: datetime, write: Writing) -> None:
        """Look anew, and note since when each part is as it is."""
        self._kept = None
        found = await self.look()
        async with write() as session:
            repository = HealthRepository(session)
            await repository.keep([(one.component, one.status, one.problem) for one in found.components], slot)
            await repository.forget(slot - FORGOTTEN)

    async def _look(self) -> HealthOut:
        at = self._clock()
        parts = await asyncio.gather(self._services(), self._database(at), self._broker(), self._providers())
        found_parts = [one for part in parts for one in part]
        components = [one.model_copy(update={"since": self._since.get((one.component, one.status))}) for one in found_parts]
        is_well = all(one.status == "ok" for one in components)
        found = HealthOut(status="ok" if is_well else "degraded", at=at, components=components)
        self._kept = (time.monotonic() + KEPT_S, found)
        return found

    async def _services(self) -> list[ComponentOut]:
        answers = await self._owners.ask("/readyz", Ready)
        return [
            _part(f"service:{one.service}", "service", "ok" if one.is_known else "down", one.problem, one.took_ms)
            for one in answers.values()
        ]

    async def _database(self, at: datetime) -> list[ComponentOut]:
        """The database, and since when its rows are as they are; and whether the collector hears the workers."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(BUDGET_S), self._read() as session:
                await HealthReader(session).ping()
                took_ms = _ms(began)
                self._since = await HealthReader(session).since()
                heard = await StatisticsReader(session).heard(at, at)
        except Exception as error:
            if not (is_away(error) or isinstance(error, TimeoutError)):
                raise
            problem = f"it does not answer ({type(error).__name__})"
            return [_part("database", "database", "down", problem, None)]
        deaf = is_deaf(heard.until, at)
        silence = "nobody hears the workers: start services.analytics.collector, or look at its log" if deaf else None
        return [
            _part("database", "database", "ok", None, took_ms),
            _part("collector", "collector", "down" if deaf else "ok", silence, None),
        ]

    async def _broker(self) -> list[ComponentOut]:
        began = time.monotonic()
        memory = await _within(self._redis.info("memory"))
        if memory is None:
            return [_part("broker", "broker", "down", f"it does not answer within {BUDGET_S:g} s", None)]
        most, used = int(memory.get("maxmemory", 0)), int(memory["used_memory"])
        share = used / most if most else 0.0
        full = f"{share:.0%} of its memory is used; at 100 % it takes nothing any more" if share > NEARLY_FULL else None
        return [_part("broker", "broker", "impaired" if full else "ok", full, _ms(began))]

    async def _providers(self) -> list[ComponentOut]:
        found = await _within(breakers(self._redis))
        return [_provider(one) for one in found or ()]


def _provider(one: Breaker) -> ComponentOut:
    if not one.closed_s:
        return _part(f"provider:{one.service}/{one.account}", "provider", "ok", None, None)
    why = "it refuses our login or sender; check its key" if one.refuses_us else "calls have failed"
    problem = f"left alone for {one.closed_s:.0f} s more, and for {one.closed_since_s:.0f} s so far: {why}"
    return _part(f"provider:{one.service}/{one.account}", "provider", "down", problem, None)


async def _within(question: Awaitable[T]) -> T | None:
    try:
        async with asyncio.timeout(BUDGET_S):
            return await question
    except BROKER_ERRORS:
        return None


def _part(component: str, kind: Kind, status: Status, problem: str | None, took_ms: float | None) -> ComponentOut:
    return ComponentOut(component=component, kind=kind, status=status, problem=problem, took_ms=took_ms)


def _ms(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
