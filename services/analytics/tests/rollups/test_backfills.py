"""Back-fills: many minutes are counted in few transactions, and histograms are added up without a query for each."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.analytics.rollups import rolling_repository
from services.analytics.rollups.rolling import MINUTES_AT_ONCE, MOST_AT_ONCE, Rolling, next_size
from services.analytics.tests.events.arrange import rows
from shared.runtime.db import Database, Session
from shared.testing.clock import MONDAY_MORNING, FrozenClock

NOW: Final = MONDAY_MORNING

_MARK: Final = """
    INSERT INTO event_marks (minute, marked_at)
    SELECT CAST(:now AS timestamptz) - n % :minutes * interval '1 minute', :now FROM generate_series(1, :marks) AS n
"""

# As it was at first: a query for each pair.
_BY_QUERIES: Final = """
    CREATE FUNCTION pg_temp.added(one bigint[], other bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT AS $$
        SELECT least(one[1], other[1]) || array_agg(
                   CASE WHEN k >= one[1] THEN coalesce(one[k - one[1] + 2], 0) ELSE 0 END
                 + CASE WHEN k >= other[1] THEN coalesce(other[k - other[1] + 2], 0) ELSE 0 END ORDER BY k)
          FROM generate_series(least(one[1], other[1]),
                               greatest(one[1] + cardinality(one), other[1] + cardinality(other)) - 2) AS k
    $$
"""
_MANY: Final = """
    CREATE TEMPORARY TABLE hists ON COMMIT DROP AS
    SELECT hist_of(ARRAY[k % 7 + 240, k % 5 + 262, k % 11 + 275], ARRAY[1, 2, 1]::bigint[]) AS hist
      FROM generate_series(1, 1000) AS k
"""


async def mark(session: Session, marks: int, minutes: int) -> None:
    """So many marks of so many minutes before now."""
    await session.execute(text(_MARK), {"now": NOW, "marks": marks, "minutes": minutes})


async def test_marks_of_two_days_are_counted_in_few_transactions(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    await mark(session, 2880, 2880)
    opened = 0

    @asynccontextmanager
    async def unit_of_work() -> AsyncIterator[Session]:
        nonlocal opened
        opened += 1
        async with joined_database.unit_of_work() as one:
            yield one

    assert await Rolling(unit_of_work, clock).roll() == 2880
    assert opened < 2880 // MINUTES_AT_ONCE // 2


@pytest.mark.parametrize(
    ("at_once", "took_s", "expected"),
    [(60, 0.1, 120), (MOST_AT_ONCE, 0.1, MOST_AT_ONCE), (480, 2.0, 480), (480, 9.0, 240), (60, 9.0, 60)],
)
def test_a_transaction_takes_more_minutes_after_a_short_one_and_fewer_after_a_long_one(
    at_once: int, took_s: float, expected: int
) -> None:
    assert next_size(at_once, took_s) == expected


async def test_the_oldest_minutes_are_found_without_reading_the_marks_of_all_others(session: Session) -> None:
    await mark(session, 50_000, 40_000)
    await session.execute(text("ANALYZE event_marks"))

    plan = await rows(session, f"EXPLAIN {rolling_repository._TAKE.text}", limit=MINUTES_AT_ONCE)

    assert "Seq Scan on event_marks" not in "\n".join(line for (line,) in plan)


@given(parts=st.lists(st.lists(st.integers(-5, 2**62), min_size=1, max_size=6), min_size=1, max_size=5))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_histograms_of_parts_add_up_to_the_bytes_of_the_whole(session: Session, parts: Sequence[Sequence[int]]) -> None:
    each = "(SELECT hist_of(array_agg(hist_bucket(value)), array_agg(1::bigint)) FROM unnest(CAST(:{name} AS bigint[])) AS value)"
    named = {f"part_{number}": list(part) for number, part in enumerate(parts)}
    apart = ", ".join("(" + each.format(name=name) + ")" for name in named)
    whole = [value for part in parts for value in part]
    ((found,),) = await rows(session, f"SELECT hist_sum(hist) FROM (VALUES {apart}) AS part (hist)", **named)  # noqa: S608 — of names
    buckets = await rows(session, "SELECT hist_bucket(value) FROM unnest(CAST(:whole AS bigint[])) AS value", whole=whole)

    counts = Counter(bucket for (bucket,) in buckets)
    assert found == [min(counts), *(counts[bucket] for bucket in range(min(counts), max(counts) + 1))]


async def test_adding_histograms_up_takes_a_fraction_of_what_a_query_for_each_takes(session: Session) -> None:
    for statement in (
        _BY_QUERIES,
        "CREATE AGGREGATE pg_temp.summed(bigint[]) (sfunc = pg_temp.added, stype = bigint[])",
        _MANY,
    ):
        await session.execute(text(statement))

    async def took_ms(aggregate: str) -> float:
        query = f"EXPLAIN (ANALYZE, TIMING OFF) SELECT {aggregate}(hist) FROM hists"  # noqa: S608 — one of two names
        plans = [await rows(session, query) for _ in range(3)]
        return min(float(plan[-1][0].removeprefix("Execution Time: ").removesuffix(" ms")) for plan in plans)

    same = await rows(session, "SELECT hist_sum(hist) = pg_temp.summed(hist) FROM hists")
    assert same == [(True,)]
    assert await took_ms("hist_sum") < await took_ms("pg_temp.summed") / 2
