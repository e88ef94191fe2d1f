"""What happens only at the edge: commits, SQL, the clock, the broker."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture.source import Source, sample, sources

Rule = Callable[[Iterable[Source]], Iterator[str]]

MAY_COMMIT: dict[str, str] = {
    "shared/runtime/db.py": "the unit of work, the one edge at which a change of the business ends",
    "shared/runtime/relay/": "marks and clears the runtime's own rows, outside of any change of the business",
    "shared/runtime/migrate.py": "applies migrations, which are one transaction each run",
    "deploy/sandbox/": "stand-ins with a file database of their own, which no service ever opens",
}
READS_THE_CLOCK: dict[str, str] = {
    "shared/runtime/clock.py": "the system clock that is injected everywhere else",
}

_OPENS = re.compile(r"(session|connection|engine)$")
_SQL_CALLS = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars"}
_SQL_ON_A_SESSION = {"add", "add_all", "delete", "get", "merge", "refresh", "stream", "stream_scalars"}
_SQL_BUILDERS = {f"sqlalchemy.{name}" for name in ("select", "insert", "update", "delete", "text", "func", "exists")}
_SQL_ROLES = {"repository", "models"}
_NOW = {"now", "today", "utcnow", "fromtimestamp", "utcfromtimestamp"}
_SENDS = {"delay", "apply_async", "send_task", "apply_on_commit"}


def _exempt(source: Source, exemptions: dict[str, str]) -> bool:
    return source.is_test or str(source.path).startswith(tuple(exemptions))


def find_commits(files: Iterable[Source], exemptions: dict[str, str] = MAY_COMMIT) -> Iterator[str]:
    """Transactions ended by hand; in services and the runtime also blocks that end one by themselves."""
    for source in files:
        if _exempt(source, exemptions):
            continue
        blocks = source.path.parts[0] in ("services", "shared") and not source.is_migration
        for node, name in source.calls():
            owner, _, verb = name.rpartition(".")
            if owner and (
                verb in ("commit", "rollback") or (blocks and verb in ("begin", "transaction") and _OPENS.search(owner))
            ):
                yield f"{source.at(node)}: {name}() belongs to the unit of work in shared/runtime/db.py"


def find_sql_outside_repositories(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        if source.in_service is None or source.is_migration or source.role in _SQL_ROLES:
            continue
        for node, name in source.calls():
            owner, _, verb = name.rpartition(".")
            on_session = owner.rpartition(".")[2].lstrip("_") in ("session", "connection")
            # Redis pipelines have an execute() too; theirs takes nothing.
            if owner and ((verb in _SQL_CALLS and node.args) or (verb in _SQL_ON_A_SESSION and on_session)):
                yield f"{source.at(node)}: {name}() is SQL; put it into the noun's repository.py"
        for statement, name in source.imports():
            if name in _SQL_BUILDERS:
                yield f"{source.at(statement)}: {name} builds SQL; put it into the noun's repository.py"


def find_clock_reads(files: Iterable[Source], exemptions: dict[str, str] = READS_THE_CLOCK) -> Iterator[str]:
    """Business code asks the injected clock, so that tests and schedules can set the time."""
    for source in files:
        if source.path.parts[0] not in ("services", "shared") or _exempt(source, exemptions):
            continue
        for node, name in source.calls():
            if _names_a_date_class(name) and name.rpartition(".")[2] in ("now", "today", "utcnow"):
                yield f"{source.at(node)}: {name}() reads the machine's clock; take a shared.runtime.clock.Clock"


def find_naive_datetimes(files: Iterable[Source]) -> Iterator[str]:
    """Naive times; a test that needs one to show that it is refused says so with `noqa: DTZ…`, which ruff wants as well."""
    for source in files:
        for node, name in source.calls():
            if source.is_test and "# noqa: DTZ" in source.line(node):
                continue
            if _names_a_date_class(name) and name.rpartition(".")[2] in _NOW and not _has_zone(node, name):
                yield f"{source.at(node)}: {name}() makes a naive time; give it UTC"
            elif name in ("datetime", "datetime.datetime") and not _has_zone(node, name) and len(node.args) < 8:
                yield f"{source.at(node)}: datetime(…) without tzinfo is naive; give it UTC"


def _names_a_date_class(name: str) -> bool:
    return name.split(".")[-2:-1] in (["datetime"], ["date"])


def _has_zone(node: ast.Call, name: str) -> bool:
    if any(keyword.arg in ("tz", "tzinfo", None) for keyword in node.keywords):
        return True
    verb = name.rpartition(".")[2]
    return (verb == "now" and len(node.args) == 1) or (verb == "fromtimestamp" and len(node.args) == 2)


def find_direct_sends(files: Iterable[Source]) -> Iterator[str]:
    """Sends that bypass the outbox: they are lost, or go out for a change that was rolled back."""
    for source in files:
        for node, name in source.calls() if source.in_service else ():
            if "." in name and name.rpartition(".")[2] in _SENDS:
                yield f"{source.at(node)}: {name}() bypasses the outbox; publish(…) inside the unit of work"


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
    (find_sql_outside_repositories, "services/trips/trips/service.py", "async def f(s, q): await s.execute(q)"),
    (find_sql_outside_repositories, "services/trips/trips/endpoints.py", "async def f(session): await session.get(Trip, 1)"),
    (find_sql_outside_repositories, "services/trips/trips/tasks.py", "from sqlalchemy import select"),
    (find_sql_outside_repositories, "services/trips/trips/trip_complete.py", "def f(self): self._session.add(1)"),
    (find_sql_outside_repositories, "services/trips/deps.py", "async def f(x): return await x.scalars(1)"),
    (find_clock_reads, "services/trips/trips/service.py", "from datetime import UTC, datetime\nnow = datetime.now(UTC)"),
    (find_clock_reads, "shared/runtime/relay.py", "import datetime\nnow = datetime.datetime.utcnow()"),
    (find_clock_reads, "services/trips/trips/service.py", "from datetime import date\nday = date.today()"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nnow = datetime.now()"),
    (find_naive_datetimes, "deploy/local/cli.py", "from datetime import datetime\nat = datetime.fromtimestamp(0)"),
    (find_naive_datetimes, "services/trips/tests/test_trips.py", "import datetime\nat = datetime.datetime(2026, 11, 20)"),
    (find_direct_sends, "services/trips/trips/service.py", "def f(task): task.delay(1)"),
    (find_direct_sends, "services/trips/trips/tasks.py", "def f(app): app.send_task('x')"),
    (find_direct_sends, "services/trips/worker.py", "def f(task): task.apply_async()"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_crossed_edge_is_found(rule: Rule, path: str, text: str) -> None:
    found = list(rule([sample(path, text)]))

    assert len(found) == 1
    assert found[0].startswith(f"{path}:")


GOOD: list[tuple[Rule, str, str]] = [
    (find_commits, "services/trips/tests/test_trips.py", "async def f(s): await s.commit()"),
    (find_commits, "services/trips/trips/service.py", "async def f(session):\n    async with session.begin_nested(): ..."),
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
    (find_direct_sends, "services/trips/trips/service.py", "def f(self): self._publisher.publish(1)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_what_is_allowed_is_not_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule([sample(path, text)])) == []
