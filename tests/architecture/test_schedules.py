"""Every schedule entry resolves to a message that its service owns, under a name of its own."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import ClassVar

import pytest

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, Event, Message
from shared.contracts.registry import messages
from shared.runtime.schedule import Entry
from tests.architecture.source import ROOT, sources

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")


def entries_of(service: str) -> tuple[Entry, ...]:
    entries: tuple[Entry, ...] = import_module(f"services.{service}.schedules").ENTRIES
    return entries


def find_schedule_problems(service: str, entries: Iterable[Entry], registry: Mapping[str, type[Message]]) -> Iterator[str]:
    entries = list(entries)
    for name, count in Counter(entry.name for entry in entries).items():
        if count > 1:
            yield f"{service}: {count} entries are called {name}; the name is what makes a slot fire once"
    for entry in entries:
        contract, where = type(entry.message).contract, f"{service}: entry {entry.name}"
        if not _NAME.match(entry.name):
            yield f"{where}: names are lower-case words joined by hyphens"
        if registry.get(contract.name) is not type(entry.message):
            yield f"{where} sends {contract.name}, which is in no module of shared/contracts"
        elif isinstance(entry.message, Event) or contract.owner != service:
            yield f"{where} sends {contract.name}; a schedule sends commands of its own service"
        if entry.lane is not None and entry.lane not in contract.lanes:
            yield f"{where} uses {entry.lane}, on which {contract.name} does not travel"


@pytest.mark.parametrize("name", lanes.SERVICES)
def test_every_entry_resolves(name: str) -> None:
    assert list(find_schedule_problems(name, entries_of(name), messages())) == []


def test_every_service_has_its_schedule_file() -> None:
    assert [service for service in lanes.SERVICES if not (ROOT / "services" / service / "schedules.py").is_file()] == []


def test_nothing_else_runs_by_the_clock() -> None:
    """`beat_schedule` and `add_periodic_task` are Celery's own calendar, which loses and doubles slots."""
    found = [
        source.path
        for source in sources()
        if source.in_service and ("beat_schedule" in source.text or "add_periodic_task" in source.text)
    ]

    assert found == []


class EndDay(Command):
    contract: ClassVar = Contract("trips.end_day", (lanes.TRIPS_BACKGROUND,))


class DayEnded(Event):
    contract: ClassVar = Contract("trips.day_ended", (lanes.ANALYTICS_NORMAL,))


REGISTRY = {"trips.end_day": EndDay, "trips.day_ended": DayEnded}

BAD: dict[str, tuple[str, list[Entry]]] = {
    "2 entries are called end-day": (
        "trips",
        [
            Entry(name="end-day", crontab="0 0 * * *", message=EndDay()),
            Entry(name="end-day", crontab="0 1 * * *", message=EndDay()),
        ],
    ),
    "lower-case words joined by hyphens": ("trips", [Entry(name="End day", crontab="0 0 * * *", message=EndDay())]),
    "a schedule sends commands of its own service": ("payments", [Entry(name="end-day", crontab="0 0 * * *", message=EndDay())]),
    "sends trips.day_ended; a schedule sends commands": ("trips", [Entry(name="x", crontab="0 0 * * *", message=DayEnded())]),
    "uses trips.normal, on which trips.end_day does not travel": (
        "trips",
        [Entry(name="end-day", crontab="0 0 * * *", message=EndDay(), lane=lanes.TRIPS_NORMAL)],
    ),
}


@pytest.mark.parametrize("problem", BAD)
def test_an_entry_that_does_not_resolve_is_found(problem: str) -> None:
    service, entries = BAD[problem]

    found = list(find_schedule_problems(service, entries, REGISTRY))

    assert len(found) == 1
    assert problem in found[0]


def test_an_entry_whose_message_is_no_contract_is_found() -> None:
    entry = Entry(name="end-day", crontab="0 0 * * *", message=EndDay())

    assert list(find_schedule_problems("trips", [entry], {})) == [
        "trips: entry end-day sends trips.end_day, which is in no module of shared/contracts"
    ]


def test_a_crontab_that_is_none_is_refused_when_it_is_written() -> None:
    with pytest.raises(ValueError, match="'every day' is not a crontab of five fields"):
        Entry(name="end-day", crontab="every day", message=EndDay())
