"""Every published name has its owner's consumer: handlers and contracts match, one to one, in each service."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pytest

from shared.contracts.documents import product
from shared.contracts.lanes import SERVICES
from shared.contracts.message import Event
from shared.contracts.registry import consumed_by
from tests.architecture.loaded import Loaded
from tests.architecture.source import Source, dotted, sample, sources

DECORATORS = {"task", "task_many", "effect"}


def find_unmatched_handlers(service: str, consumed: Iterable[str], handled: Iterable[str]) -> Iterator[str]:
    consumed, handled = set(consumed), set(handled)
    for name in sorted(consumed - handled):
        what = "is its command" if name.startswith(f"{service}.") else "is an event that one of its lanes subscribes to"
        yield f"{service}: {name} {what} and has no handler; write one and list its module in services/{service}/worker.py"
    for name in sorted(handled - consumed):
        yield f"{service}: the task {name} is no contract that it consumes; add it to shared/contracts or subscribe a lane"


def declared_handlers(files: Iterable[Source]) -> Counter[tuple[str, str]]:
    """Service and contract of each handler, with the number of functions that are declared for it."""
    declared: Counter[tuple[str, str]] = Counter()
    for source in files:
        for function in source.functions() if source.in_service else ():
            for decorator in function.decorator_list:
                call = getattr(decorator, "func", None), getattr(decorator, "args", [])
                if call[0] is not None and dotted(call[0]).rpartition(".")[2] in DECORATORS and call[1]:
                    declared[source.in_service or "", dotted(call[1][0]).rpartition(".")[2]] += 1
    return declared


def find_doubled_handlers(files: Iterable[Source]) -> Iterator[str]:
    """Two functions that a service declares for one contract: the second would replace the first without a word."""
    for (service, contract), count in declared_handlers(files).items():
        if count > 1:
            yield f"{service}: {contract} has {count} handlers; one message has one handler per service"


def find_handlers_that_never_run_twice(files: Sequence[Source]) -> Iterator[str]:
    """A delivery may come twice, and of each handler a test shows what happens then."""
    shown: dict[str, str] = {}
    for source in files:
        if source.is_test and source.path.parts[0] == "services" and any("twice" in one.name for one in source.functions()):
            shown[source.path.parts[1]] = shown.get(source.path.parts[1], "") + source.text
    for service, contract in declared_handlers(files):
        if not re.search(rf"\b{contract}\b", shown.get(service, "")):
            yield f"{service}: no test runs the handler of {contract} twice; write one, with `twice` in its name"


def find_orphans(subscribers: dict[str, Iterable[str]]) -> Iterator[str]:
    """Messages that nobody consumes."""
    for name, services in subscribers.items():
        if not list(services):
            yield f"{name}: no service consumes it; give it a lane, or delete it"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_handles_exactly_what_it_consumes(name: str, loaded: dict[str, Loaded]) -> None:
    assert list(find_unmatched_handlers(name, consumed_by(name).keys() & product(), loaded[name]["tasks"])) == []


def test_no_contract_has_two_handlers_in_one_service() -> None:
    assert list(find_doubled_handlers(sources())) == []


def test_every_handler_has_a_test_that_runs_it_twice() -> None:
    assert list(find_handlers_that_never_run_twice(sources())) == []


def test_every_message_has_a_consumer_and_a_command_exactly_its_owner() -> None:
    subscribers = {name: [service for service in SERVICES if name in consumed_by(service)] for name in product()}

    assert list(find_orphans(dict(subscribers))) == []
    for name, message in product().items():
        assert issubclass(message, Event) or subscribers[name] == [message.contract.owner]


def test_a_handler_without_a_test_that_runs_it_twice_is_found() -> None:
    tasks = sample("services/trips/trips/tasks.py", "@task(EndTrip)\nasync def end_trip(session, received): ...")
    once = sample("services/trips/tests/test_end.py", "def test_a_trip_ends(): run(EndTrip())")
    other = sample("services/trips/tests/test_start.py", "def test_starting_twice_is_starting_once(): run(StartTrip())")
    twice = sample("services/trips/tests/test_twice.py", "def test_ending_twice_is_ending_once(): run(EndTrip(), EndTrip())")

    assert list(find_handlers_that_never_run_twice([tasks, once, other, twice])) == []
    (found,) = find_handlers_that_never_run_twice([tasks, once, other])
    assert found.startswith("trips: no test runs the handler of EndTrip twice")


def test_missing_and_unknown_handlers_are_found() -> None:
    found = find_unmatched_handlers("trips", ["trips.end_trip", "payments.order_paid"], ["trips.end_trp"])

    assert [line.partition(" and has")[0].partition(" is no")[0] for line in found] == [
        "trips: payments.order_paid is an event that one of its lanes subscribes to",
        "trips: trips.end_trip is its command",
        "trips: the task trips.end_trp",
    ]


def test_two_handlers_of_one_contract_are_found() -> None:
    one = sample("services/trips/trips/tasks.py", "@task(EndTrip)\nasync def end_trip(session, received): ...")
    other = sample("services/trips/drivers/tasks.py", "@tasks.effect(contracts.EndTrip)\ndef build(runtime): ...")
    elsewhere = sample("services/payments/orders/tasks.py", "@task_many(EndTrip)\nasync def handle(session, received): ...")

    assert list(find_doubled_handlers([one, elsewhere])) == []
    assert list(find_doubled_handlers([one, other])) == ["trips: EndTrip has 2 handlers; one message has one handler per service"]


def test_a_message_without_consumer_is_found() -> None:
    assert list(find_orphans({"trips.trip_ended": [], "trips.end_trip": ["trips"]})) == [
        "trips.trip_ended: no service consumes it; give it a lane, or delete it"
    ]
