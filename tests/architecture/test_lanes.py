"""Each lane is consumed, and only by its owner, in every way of running the workers.

A way of running is a list of worker command lines. `-Q` names the lanes; without it a worker takes all of its service's.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.home import Home
from deploy.local.programs import programs
from shared.contracts.lanes import LANES, SERVICES, lanes_of
from tests.architecture.loaded import Loaded
from tests.architecture.source import ROOT, sources, tracked_files

Consumers = Mapping[str, Iterable[str]]
"""Who consumes what: a name for the worker, its service before the first blank, and lane names."""

_WORKER = re.compile(r"^(?:-A|--app=)?services\.(\w+)\.worker(?:[:.]app)?$")


class _AnyPort(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 1


def find_lane_problems(consumers: Consumers) -> Iterator[str]:
    consumed = {name: {*lanes} for name, lanes in consumers.items()}
    for name, lanes in consumed.items():
        for lane in sorted(lanes):
            if lane not in LANES:
                yield f"{name} consumes {lane}, which is not in shared/contracts/lanes.py"
            elif LANES[lane].owner != name.partition(" ")[0]:
                yield f"{name} consumes {lane}, which only workers of {LANES[lane].owner} may consume"
    for lane in sorted(LANES.keys() - set().union(*consumed.values())):
        yield f"nobody consumes {lane}; add it to a worker of {LANES[lane].owner}"


def lanes_of_command(command: Iterable[str]) -> tuple[str, list[str]] | None:
    """Service and lanes of a worker's command line; None for any other command."""
    words = list(command)
    modules = [_WORKER.match(word) for word in words]
    service = next((match[1] for match in modules if match), None)
    if service is None or "worker" not in words:
        return None
    chosen, excluded = _lane_list(words, "-Q", "--queues"), _lane_list(words, "-X", "--exclude-queues")
    taken = [lane.name for lane in lanes_of(service)] if chosen is None else chosen
    return service, [lane for lane in taken if lane not in (excluded or ())]


def _lane_list(words: list[str], short: str, long: str) -> list[str] | None:
    """The lanes that an option lists, in each form that Celery takes; the last wins, and None says that it is not there."""
    found = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in (short, long):
            found = following
        elif word.startswith(f"{long}="):
            found = word.removeprefix(f"{long}=")
        elif word.startswith(short):
            found = word.removeprefix(short)
    return None if found is None else [lane.strip() for lane in found.split(",")]


def consumers_of(commands: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found = {name: lanes_of_command(command) for name, command in commands.items()}
    return {f"{taken[0]} ({name})": taken[1] for name, taken in found.items() if taken is not None}


def compose_commands(text: str) -> dict[str, list[str]]:
    """The command of every compose service; YAML anchors and `extends`-free merges are resolved by the parser."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(text).get("services", {})
    commands = {name: service.get("command") or [] for name, service in services.items()}
    return {
        name: shlex.split(command) if isinstance(command, str) else list(map(str, command)) for name, command in commands.items()
    }


def helm_consumers(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each release's values say `service: <name>` and `workers: {<group>: {lanes: [<lane>, …]}}`."""
    service = values["service"]
    return {f"{service} ({group})": list(worker["lanes"]) for group, worker in values["workers"].items()}


@pytest.mark.parametrize("name", SERVICES)
def test_a_worker_binds_exactly_its_own_lanes(name: str, loaded: dict[str, Loaded]) -> None:
    assert loaded[name]["queues"] == sorted(lane.name for lane in lanes_of(name))
    assert loaded[name]["creates_missing_queues"] is False


def test_the_local_stack_consumes_every_lane(tmp_path: Path) -> None:
    commands = {program.name: program.command for program in programs(Home(tmp_path), _AnyPort()) if program.kind == "worker"}

    assert list(find_lane_problems(consumers_of(commands))) == []


COMPOSE = [file for file in tracked_files() if str(file) == "docker-compose.yml"]
VALUES = [file for file in tracked_files() if file.match("deploy/k8s/*/values/*.yaml")]


@pytest.mark.skipif(not COMPOSE, reason="there is no docker-compose.yml yet")
def test_compose_consumes_every_lane() -> None:
    assert list(find_lane_problems(consumers_of(compose_commands((ROOT / COMPOSE[0]).read_text())))) == []


def test_the_releases_of_the_chart_consume_every_lane() -> None:
    charts = [yaml.safe_load((ROOT / file).read_text()) for file in VALUES]
    found: dict[str, list[str]] = {}
    for values in charts:
        found |= helm_consumers(values)

    assert list(find_lane_problems(found)) == []


def test_a_lane_name_is_written_in_one_place() -> None:
    """Code that repeats a lane's name as text would not follow when the lane moves."""
    code = [source for source in sources() if not source.is_test and source.path.parts[0] in ("services", "shared")]
    found = [f"{source.path} writes {name!r}" for source in code for name in LANES if f'"{name}"' in source.text]

    assert [line for line in found if not line.startswith("shared/contracts/lanes.py ")] == []


def all_consumed() -> dict[str, list[str]]:
    return {f"{service} (worker)": [lane.name for lane in lanes_of(service)] for service in SERVICES}


def test_a_lane_without_consumer_a_foreign_one_and_an_unknown_one_are_found() -> None:
    consumers = all_consumed()
    consumers["trips (worker)"] = ["trips.realtime", "trips.normal", "payments.batch", "trips.nromal"]

    assert list(find_lane_problems(all_consumed())) == []
    assert list(find_lane_problems(consumers)) == [
        "trips (worker) consumes payments.batch, which only workers of payments may consume",
        "trips (worker) consumes trips.nromal, which is not in shared/contracts/lanes.py",
        "nobody consumes trips.background; add it to a worker of trips",
    ]


def test_worker_commands_are_read_from_compose() -> None:
    text = """
    services:
      api: {command: uvicorn services.trips.app:app}
      fast: {command: ["celery", "-A", "services.trips.worker", "worker", "-Q", "trips.realtime,trips.normal"]}
      rest: {command: celery -A services.alerts.worker worker --concurrency 2}
      beat: {command: celery -A services.alerts.worker beat}
      broker: {image: valkey}
    """

    assert consumers_of(compose_commands(text)) == {
        "trips (fast)": ["trips.realtime", "trips.normal"],
        "alerts (rest)": ["alerts.evaluation", "alerts.default"],
    }


COMMANDS = {
    "celery -A services.alerts.worker worker": ["alerts.evaluation", "alerts.default"],
    "celery --app services.alerts.worker:app worker -Q alerts.default": ["alerts.default"],
    "celery --app=services.alerts.worker worker -Qalerts.default": ["alerts.default"],
    "celery -Aservices.alerts.worker.app worker --queues alerts.default,alerts.evaluation": [
        "alerts.default",
        "alerts.evaluation",
    ],
    "celery -A services.alerts.worker worker -X alerts.default": ["alerts.evaluation"],
    "celery -A services.alerts.worker worker -Xalerts.default": ["alerts.evaluation"],
    "celery -A services.alerts.worker worker --exclude-queues=alerts.default,alerts.evaluation": [],
    "celery -A services.alerts.worker worker -Q alerts.default,alerts.evaluation --exclude-queues alerts.default": [
        "alerts.evaluation"
    ],
    "celery -A services.alerts.worker worker -Q alerts.default -Q alerts.evaluation": ["alerts.evaluation"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_way_of_naming_a_workers_lanes_is_read(command: str) -> None:
    assert lanes_of_command(command.split()) == ("alerts", COMMANDS[command])


def test_a_lane_that_every_worker_excludes_is_found() -> None:
    commands = {service: f"celery --app=services.{service}.worker worker".split() for service in SERVICES}
    commands["trips"] += ["-X", "trips.background"]

    assert list(find_lane_problems(consumers_of(commands))) == ["nobody consumes trips.background; add it to a worker of trips"]


def test_lanes_are_read_from_helm_values() -> None:
    values = yaml.safe_load("{service: trips, workers: {live: {lanes: [trips.realtime]}, rest: {lanes: [trips.normal]}}}")

    assert helm_consumers(values) == {"trips (live)": ["trips.realtime"], "trips (rest)": ["trips.normal"]}
