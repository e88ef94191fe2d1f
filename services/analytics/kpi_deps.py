"""How KPIs are put together."""

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from services.analytics import event_deps, rollup_deps
from services.analytics.cached_answers.cache import AnswerCache
from services.analytics.kpis.calculating import Calculating
from services.analytics.kpis.repository import RollupReader
from services.analytics.kpis.service import Kpis
from services.analytics.kpis.value_repository import KpiValueReader
from services.analytics.rollups.rolling_repository import RollupStateReader
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    import redis.asyncio as redis


# One in a process, under the one client of the broker that the process has.
_answers: "WeakKeyDictionary[redis.Redis, AnswerCache]" = WeakKeyDictionary()


def kpis(session: ReadSession, clock: Clock, answers: AnswerCache | None = None) -> Kpis:
    """Reads figures. answers: where those that were worked out are kept."""
    names = event_deps.event_names(session)
    return Kpis(RollupReader(session), KpiValueReader(session), RollupStateReader(session), names, clock, answers)


def answers(runtime: HttpRuntime | ProcessRuntime) -> AnswerCache:
    """Where this process keeps the answers of KPIs, and finds those of others."""
    if runtime.redis not in _answers:
        _answers[runtime.redis] = AnswerCache(runtime.redis, runtime.settings.service, "kpis", runtime.clock)
    return _answers[runtime.redis]


def calculating(database: Database, clock: Clock) -> Calculating:
    """Works out the figures of whole days."""
    return Calculating(database.unit_of_work, rollup_deps.rolling(database, clock), clock)
