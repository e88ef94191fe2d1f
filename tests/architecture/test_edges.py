"""What happens only at the edge: commits, SQL, the clock, the broker."""

import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture.sends import find_direct_sends
from tests.architecture.source import Source, Use, exempt, sample, sources
from tests.architecture.times import READS_THE_CLOCK, find_clock_reads, find_naive_datetimes

Rule = Callable[[Iterable[Source]], Iterator[str]]

MAY_COMMIT: dict[str, str] = {
    "shared/runtime/db.py": "the unit of work, the one edge at which a change of the business ends",
    "shared/runtime/relay/": "marks and clears the runtime's own rows, outside of any change of the business",
    "shared/runtime/migrate.py": "applies migrations, which are one transaction each run",
    "deploy/sandbox/": "stand-ins with a file database of their own, which no service ever opens",
}

_OPENS = re.compile(r"(session|connection|conn|engine|database|db)$")
_SQL_CALLS = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars"}
_SQL_ON_A_SESSION = {"add", "add_all", "delete", "get", "merge", "refresh", "stream", "stream_scalars"}
_SQL_BUILDERS = {f"sqlalchemy.{name}" for name in ("select", "insert", "update", "delete", "text", "func", "exists")}
_SQL_ROLES = {"repository", "models"}


def find_commits(files: Iterable[Source], exemptions: dict[str, str] = MAY_COMMIT) -> Iterator[str]:
    """Transactions ended by hand; in services and the runtime also blocks that end one by themselves."""
    for source in files:
        if exempt(source, exemptions):
            continue
        blocks = source.path.parts[0] in ("services", "shared") and not source.is_migration
        for use in source.uses:
            if not use.is_bare and (use.verb in ("commit", "rollback") or (blocks and _opens_a_transaction(use))):
                yield f"{source.at(use.node)}: {use.said} belongs to the unit of work in shared/runtime/db.py"


def _opens_a_transaction(use: Use) -> bool:
    """Whatever its owner is called, a `begin()` without arguments is a database's; others are told what to begin."""
    is_called_bare = use.call is not None and not use.call.args
    return use.verb in ("begin", "transaction") and (is_called_bare or _OPENS.search(use.owner) is not None)


def find_sql_outside_repositories(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        if source.in_service is None or source.is_migration or source.role in _SQL_ROLES:
            continue
        for use in source.uses:
            on_session = use.owner.rpartition(".")[2].lstrip("_") in ("session", "connection", "conn")
            # Redis pipelines have an execute() too; theirs takes nothing.
            is_statement = use.verb in _SQL_CALLS and (on_session or (use.call is not None and bool(use.call.args)))
            if not use.is_bare and (is_statement or (use.verb in _SQL_ON_A_SESSION and on_session)):
                yield f"{source.at(use.node)}: {use.said} is SQL; put it into the noun's repository.py"
            elif not use.is_bare and use.name in _SQL_BUILDERS:
                yield f"{source.at(use.node)}: {use.name} builds SQL; put it into the noun's repository.py"
        for statement, name in source.imports():
            if name in _SQL_BUILDERS:
                yield f"{source.at(statement)}: {name} builds SQL; put it into the noun's repository.py"


RULES: list[Rule] = [find_commits, find_sql_outside_repositories, find_clock_reads, find_naive_datetimes, find_direct_sends]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_edges_are_kept(rule: Rule) -> None:
    assert list(rule(sources())) == []


@pytest.mark.parametrize("place", MAY_COMMIT)
def test_an_exempt_place_still_ends_transactions(place: str) -> None:
    assert list(find_commits([source for source in sources() if str(source.path).startswith(place)], {}))


@pytest.mark.parametrize("place", READS_THE_CLOCK)
def test_an_exempt_place_still_reads_the_clock(place: str) -> None:
    assert list(find_clock_reads([source for source in sources() if str(source.path).startswith(place)], {}))


BAD: list[tuple[Rule, str, str]] = [
    (find_commits, "services/trips/trips/service.py", "async def f(self): await self._session.commit()"),
    (find_commits, "services/trips/trips/repository.py", "async def f(session): await session.rollback()"),
    (find_commits, "services/trips/trips/service.py", "async def f(session):\n    async with session.begin(): ..."),
    (find_commits, "shared/runtime/relay.py", "def f(connection): connection.commit()"),
    (find_commits, "services/trips/trips/service.py", "async def f(conn):\n    async with conn.begin(): ..."),
    (find_commits, "services/trips/trips/service.py", "async def f(self):\n    async with self.kept.transaction(): ..."),
    (find_commits, "services/trips/trips/service.py", "async def f(db):\n    start = db.begin\n    async with start(): ..."),
    (find_commits, "services/trips/trips/service.py", "async def f(session):\n    end = session.commit\n    await end()"),
    (find_commits, "services/trips/trips/service.py", 'async def f(session): await getattr(session, "commit")()'),
    (find_sql_outside_repositories, "services/trips/trips/service.py", "async def f(s, q): await s.execute(q)"),
    (find_sql_outside_repositories, "services/trips/trips/service.py", "def f(session):\n    run = session.execute\n    run(1)"),
    (find_sql_outside_repositories, "services/trips/trips/tasks.py", "import sqlalchemy as sa\nquery = sa.select(1)"),
    (find_sql_outside_repositories, "services/trips/trips/endpoints.py", "async def f(session): await session.get(Trip, 1)"),
    (find_sql_outside_repositories, "services/trips/trips/tasks.py", "from sqlalchemy import select"),
    (find_sql_outside_repositories, "services/trips/trips/trip_complete.py", "def f(self): self._session.add(1)"),
    (find_sql_outside_repositories, "services/trips/deps.py", "async def f(x): return await x.scalars(1)"),
    (find_clock_reads, "services/trips/trips/service.py", "from datetime import UTC, datetime\nnow = datetime.now(UTC)"),
    (find_clock_reads, "shared/runtime/relay.py", "import datetime\nnow = datetime.datetime.utcnow()"),
    (find_clock_reads, "services/trips/trips/service.py", "from datetime import date\nday = date.today()"),
    (find_clock_reads, "services/trips/trips/service.py", "from datetime import datetime as moment\nnow = moment.now(UTC)"),
    (find_clock_reads, "services/trips/trips/service.py", "import datetime as dt\nread = dt.datetime.now\nnow = read(UTC)"),
    (find_clock_reads, "services/trips/trips/service.py", "import time\nnow = time.time()"),
    (find_clock_reads, "services/trips/trips/service.py", "from time import time as now\nat = now()"),
    (find_clock_reads, "services/trips/trips/service.py", "import time\nat = Field(default_factory=time.time_ns)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nnow = datetime.now()"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime as moment\nat = moment(2026, 11, 20)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nnow = datetime.now(None)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nat = datetime(2026, 1, 1, tzinfo=None)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nat = Field(default_factory=datetime.now)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime, time\nat = datetime.combine(day, time())"),
    (
        find_naive_datetimes,
        "deploy/local/cli.py",
        'from datetime import datetime\nat = datetime.fromisoformat("2026-11-20T06:00")',
    ),
    (find_naive_datetimes, "services/trips/tests/test_trips.py", "at = NOW.replace(tzinfo=None)"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nat = datetime.fromtimestamp(0)"),
    (find_naive_datetimes, "services/trips/tests/test_trips.py", "import datetime\nat = datetime.datetime(2026, 11, 20)"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(task): task.delay(1)"),
    (find_direct_sends, "services/trips/trips/tasks.py", "def f(app): app.send_task('x')"),
    (find_direct_sends, "services/trips/worker.py", "def f(task): task.apply_async()"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(task):\n    send = task.delay\n    send(1)"),
    (find_direct_sends, "services/trips/trips/service.py", 'def f(task): getattr(task, "delay")(1)'),
    (find_direct_sends, "services/trips/trips/service.py", "def f(task): task.starmap([(1,)])"),
    (find_direct_sends, "services/trips/trips/tasks.py", 'def f(app): app.signature("x")()'),
    (find_direct_sends, "services/trips/trips/tasks.py", "def f(end_trip): end_trip.si(1)()"),
    (find_direct_sends, "services/trips/trips/service.py", "from services.trips.trips.tasks import end\nsign = end.s(1)"),
    (find_direct_sends, "services/trips/trips/tasks.py", "from celery import group as many\ndef f(signs): many(signs)"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(redis, lane): redis.lpush(lane, b'')"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(self): self._redis.rpush(TRIPS_NORMAL.name, b'')"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(pipe):\n    push = pipe.lpush\n    push('trips.normal', b'')"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(redis): redis.execute_command('LPUSH', 'trips.normal', b'')"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_crossed_edge_is_found(rule: Rule, path: str, text: str) -> None:
    found = list(rule([sample(path, text)]))

    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


GOOD: list[tuple[Rule, str, str]] = [
    (find_commits, "services/trips/tests/test_trips.py", "async def f(s): await s.commit()"),
    (find_commits, "services/trips/trips/service.py", "async def f(session):\n    async with session.begin_nested(): ..."),
    (find_commits, "services/trips/trips/service.py", "async def f(store, claim): await store.begin(claim)"),
    (find_commits, "shared/runtime/outbox.py", "def f(row, others): return [one for one in others if one != row.transaction]"),
    (find_sql_outside_repositories, "services/trips/trips/trip_repository.py", "async def f(s, q): await s.execute(q)"),
    (
        find_sql_outside_repositories,
        "services/trips/trips/service.py",
        "async def f(pipe, cache): await pipe.execute(); cache.get(1)",
    ),
    (find_clock_reads, "services/trips/trips/service.py", "def f(self): return self._clock()"),
    (
        find_naive_datetimes,
        "deploy/local/cli.py",
        "from datetime import UTC, datetime\nat = [datetime.now(UTC), datetime(2026, 1, 1, tzinfo=UTC)]",
    ),
    (find_clock_reads, "services/trips/trips/service.py", "import time\nstarted = time.monotonic()"),
    (find_clock_reads, "shared/runtime/auth/tokens.py", "import time\nissued_at = int(time.time())"),
    (
        find_naive_datetimes,
        "deploy/local/cli.py",
        """
        from datetime import UTC, date, datetime, time
        from functools import partial
        at = [
            datetime.combine(day, time(12), UTC),
            datetime.combine(day, time(12), tzinfo=UTC),
            datetime.combine(day, time(12, tzinfo=UTC)),
            datetime.combine(day, other.timetz()),
            datetime.fromisoformat("2026-11-20T06:00:00Z"),
            datetime.fromisoformat(text),
            date.fromisoformat("2026-11-20"),
            at.replace(tzinfo=UTC),
            text.replace("a", "b"),
        ]
        now = partial(datetime.now, UTC)
        """,
    ),
    (
        find_naive_datetimes,
        "services/trips/tests/test_trips.py",
        "with pytest.raises(ValueError, match='zone'):\n    plan(at=NOW.replace(tzinfo=None))",
    ),
    (find_direct_sends, "services/trips/trips/service.py", "def f(self): self._publisher.publish(1)"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(redis, driver): redis.lpush(f'recent:{driver}', 1)"),
    (
        find_direct_sends,
        "services/trips/trips/service.py",
        "import itertools\ndef f(pool, hook): return hook.signature, pool.map(f, []), itertools.starmap(f, [])",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_what_is_allowed_is_not_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule([sample(path, text)])) == []
