"""Holding caches against the database: the answers of KPIs, and the revocations of tokens.

What has changed since an answer was kept is no difference: that one is old, and made anew. One that says that it is of the
figures as they are, and differs, is one. The sample is drawn at random, so what is wrong for long is found.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, TypeVar

import redis.asyncio as redis

from services.analytics.cached_answers.cache import MOST_NAMES, AnswerCache, Kept
from services.analytics.cached_answers.schemas import CacheReport, Difference, RevocationReport
from services.analytics.kpis.asked_models import Asked
from services.analytics.kpis.errors import InvalidRange, KpiNotFound
from services.analytics.kpis.service import PARTS, Kpis, freshness_of, kpi_of
from services.analytics.ledgered_run import UnitOfWork
from services.analytics.revocations.mirroring import StandingMirror
from services.analytics.rollups.rolling_repository import RollupStateReader
from services.analytics.snapshots.repository import SnapshotRepository
from shared.runtime.auth.revocation_cache import RevocationCache
from shared.runtime.broker import BROKER_ERRORS
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession
from shared.runtime.errors import Transient

ASKED_FOR: Final = timedelta(hours=1)
"""What nobody has asked for within it is not made anew."""
FORGOTTEN: Final = timedelta(days=1)
MOST_REFRESHED: Final = 200
MOST_SHOWN: Final = 20
SHOWN_CHARS: Final = 500

Read = Callable[[], AbstractAsyncContextManager[ReadSession]]
T = TypeVar("T")


class CacheCheck:
    """The look of `analytics.sync_cache`. kpis: works figures out of the database alone."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        read: Read,
        kpis: Callable[[ReadSession], Kpis],
        answers: AnswerCache,
        client: "redis.Redis",
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._read = read
        self._kpis = kpis
        self._answers = answers
        self._redis = client
        self._clock = clock

    async def check(self, slot: datetime, sample: int) -> CacheReport:
        """Refresh, compare, mend, and keep what was found. Done twice it finds nothing more. Raises Transient without Redis."""
        try:
            await self._redis.ping()
        except BROKER_ERRORS as error:
            raise Transient(f"the cache does not answer ({type(error).__name__})", retry_after_s=30) from None
        now = self._clock()
        swept = await self._answers.sweep(now - FORGOTTEN)
        names = (await self._answers.names(now - ASKED_FOR))[:MOST_NAMES]
        kept = await self._answers.several(names)
        generation = await self._generation()
        current = [name for name in names if name in kept and kept[name].generation == generation]
        stale = [name for name in names if name not in current][:MOST_REFRESHED]
        report = CacheReport(asked=len(names), swept=swept, sampled=min(sample, len(current)))
        for name in stale:
            report.refreshed += await self._refresh(name, report)
        for name in _drawn(current, sample):
            await self._compare(name, kept[name], report)
        report.revocations = await self._revocations()
        async with self._unit_of_work() as session:
            await SnapshotRepository(session).keep("caches", slot, report.model_dump(mode="json"))
        return report

    async def _refresh(self, name: str, report: CacheReport) -> bool:
        made = await self._work_out(name)
        if made is None:
            await self._answers.drop([name])
            report.dropped += 1
            return False
        await self._answers.keep(name, made)
        return True

    async def _compare(self, name: str, kept: Kept, report: CacheReport) -> None:
        made = await self._work_out(name)
        if made is None or made.generation != kept.generation or _is_same(kept.body, made.body):
            return
        if await self._generation() != kept.generation:
            # Something was counted while this was worked out: nobody can tell.
            return
        report.different += 1
        if len(report.differences) < MOST_SHOWN:
            said = [one.body.decode(errors="replace")[:SHOWN_CHARS] for one in (kept, made)]
            report.differences.append(Difference(name=name, kept=said[0], worked_out=said[1]))
        await self._answers.keep(name, made)

    async def _work_out(self, name: str) -> Kept | None:
        """The answer as the database has it; None for a question that there is no more."""
        asked = Asked.of(name)
        if asked is None:
            return None
        async with self._read() as session:
            # Before the figures: an answer that seems older than it is, is made once more, and never taken for wrong.
            state = await RollupStateReader(session).state()
            try:
                kpi = kpi_of(asked.key)
                parts = await self._kpis(session).parts(kpi, asked.organization_id, asked.meant)
            except (KpiNotFound, InvalidRange):
                return None
        as_of = freshness_of(state, kpi.freshness_s, self._clock()).as_of
        return Kept(state.generation, as_of, self._clock(), PARTS.dump_json(parts))

    async def _generation(self) -> str:
        async with self._read() as session:
            return (await RollupStateReader(session).state()).generation

    async def _revocations(self) -> RevocationReport:
        found = await StandingMirror(self._read, RevocationCache(self._redis), self._clock).mend()
        return RevocationReport(live=found.live, sampled=found.live, different=found.different, repaired=found.different)


def _drawn(all_of_them: Sequence[T], most: int) -> list[T]:
    return secrets.SystemRandom().sample(list(all_of_them), min(most, len(all_of_them)))


def _is_same(one: bytes, other: bytes) -> bool:
    try:
        first, second = (sorted(PARTS.validate_json(body), key=lambda part: part.dimension) for body in (one, other))
    except ValueError:
        return False
    return first == second
