"""Budgets on the tail: no hub file, no giant function, and no module named after nothing.

What is above the aim but within the limit is listed at the end of a run; see conftest.py.
"""

from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.budgets import AIM, LIMIT, find_oversize
from tests.architecture.source import Source, sample, sources

NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}


def find_nameless_modules(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        for part in (*source.path.parts[:-1], source.path.stem):
            if part in NAMELESS:
                yield f"{source.path}: `{part}` says nothing; name the module after what it does"


def test_nothing_is_over_its_budget() -> None:
    assert list(find_oversize(sources())) == []


def test_no_module_is_named_after_nothing() -> None:
    assert list(find_nameless_modules(sources())) == []


def lines(count: int) -> str:
    return "    x = 1\n" * count


OVERSIZE = {
    "file": sample("shared/runtime/relay.py", "x = 1\n" * 401),
    "function": sample("shared/runtime/relay.py", f"def f():\n    '''Says what.\n\n    And why.'''\n{lines(60)}"),
    "task": sample(
        "services/trips/trips/tasks.py", f"@task(EndTrip)\nasync def end_trip(\n    session,\n    received,\n):\n{lines(26)}"
    ),
    "endpoint": sample(
        "services/trips/trips/endpoints.py", f"@router.get('/')\nasync def read(\n    trips,\n):\n    '''Reads.'''\n{lines(21)}"
    ),
    "test": sample("services/trips/tests/test_trips.py", f"def test_it():\n{lines(60)}"),
}


@pytest.mark.parametrize("kind", LIMIT)
def test_one_line_too_many_is_found(kind: str) -> None:
    found = list(find_oversize([OVERSIZE[kind]]))

    assert len(found) == 1
    assert found[0].endswith(f": {LIMIT[kind] + 1} lines, a {kind} aims at {AIM[kind]} and has at most {LIMIT[kind]}")


@pytest.mark.parametrize("kind", LIMIT)
def test_a_budget_can_be_used_up(kind: str) -> None:
    bad = OVERSIZE[kind]
    shorter = sample(str(bad.path), "".join(bad.text.splitlines(keepends=True)[:-1]))

    assert list(find_oversize([shorter])) == []


def test_modules_named_after_nothing_are_found() -> None:
    bad = [sample("services/trips/utils.py", ""), sample("shared/common/money.py", ""), sample("tests/helpers.py", "")]

    assert [line.partition(":")[0] for line in find_nameless_modules(bad)] == [str(source.path) for source in bad]
