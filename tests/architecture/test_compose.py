"""What every container of docker-compose.yml has, whatever is added to it: limits, no rights, and only what it needs."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from deploy.compose.prepare import BACKUPS, HOSTS, PORTS
from shared.contracts.lanes import SERVICES
from shared.contracts.registry import messages
from shared.runtime.celery import SOFT_SHUTDOWN_S
from shared.runtime.settings import comma_separated
from tests.architecture.source import ROOT
from tests.architecture.test_lanes import lanes_of_command

Service = Mapping[str, Any]

CAPABILITIES: Final = {"postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}}
"""What the official image needs to give its folder to its own user and become that one."""
PUBLIC: Final = {*(f"{service}-api" for service in SERVICES), "sandbox", "flower", "prometheus", "alertmanager", "grafana"}
ARCHIVES: Final = "/var/lib/waybill/archives"
JOBS: Final = {"secrets", "bootstrap", *(f"{service}-migrate" for service in SERVICES)}
COMMANDS: Final = {"waybill", "celery", "backups"}


def find_compose_problems(stack: Mapping[str, Any]) -> Iterator[str]:
    for name, service in stack["services"].items():
        yield from (f"{name} {problem}" for problem in _rights(name, service))
        yield from (f"{name} {problem}" for problem in _running(name, service))
        yield from (f"{name} {problem}" for problem in _reach(name, service, stack))
        yield from (f"{name} {problem}" for problem in _order(service, stack))


def _rights(name: str, service: Service) -> Iterator[str]:
    if not service.get("read_only"):
        yield "can write to its own file system: set read_only"
    if service.get("cap_drop") != ["ALL"] or {*service.get("cap_add", ())} - CAPABILITIES.get(name, set()):
        yield "has capabilities that it does not need"
    if "no-new-privileges:true" not in service.get("security_opt", ()):
        yield "may gain privileges: set no-new-privileges"
    if service.get("privileged") or service.get("pid") or service.get("network_mode") == "host":
        yield "shares more with its machine than it may"
    for volume in service.get("volumes", ()):
        source, target, *mode = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume).split(":")
        owner = source.removeprefix("secrets-")
        if source.startswith("secrets") and name != "secrets" and (mode != ["ro"] or target != "/run/waybill"):
            yield f"could change secrets: mount {source} at /run/waybill, read-only"
        if owner in SERVICES and not name.startswith(f"{owner}-") and name != "secrets":
            yield f"sees the secrets of {owner}"
        if owner == "analytics-backup" and name not in ("secrets", "analytics-worker-backup"):
            yield "sees the logins that read everything"


def _running(name: str, service: Service) -> Iterator[str]:
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    if missing := {"cpus", "memory", "pids"} - set(limits):
        yield f"has no limit of {', '.join(sorted(missing))}"
    if not {"max-size", "max-file"} <= set(service.get("logging", {}).get("options", {})):
        yield "has a log that grows for ever"
    if ":latest" in service["image"] or ":" not in service["image"]:
        yield f"runs whatever is newest: {service['image']}"
    if not service["image"].startswith("${"):
        yield "has an image that no variable can replace"
    if "start_interval" in service.get("healthcheck", {}):
        yield "has a start_interval, which older engines refuse"
    if name in JOBS:
        if service.get("restart") != "no":
            yield "is a job and would be started again and again"
    elif name not in COMMANDS and ("healthcheck" not in service or service.get("restart") != "unless-stopped"):
        yield "has no healthcheck, or is not started again when it ends"
    if "-worker-" in name and int(service["stop_grace_period"].rstrip("s")) <= SOFT_SHUTDOWN_S:
        yield f"is killed before its soft shutdown of {SOFT_SHUTDOWN_S} s is over"


def _reach(name: str, service: Service, stack: Mapping[str, Any]) -> Iterator[str]:
    if service.get("ports") and name not in PUBLIC:
        yield "publishes a port and is not public"
    for port in service.get("ports", ()):
        if not port.startswith("${BIND_ADDRESS:-127.0.0.1}:${"):
            yield f"publishes {port} on another address than this machine's own, or on a port that no variable moves"
    inside = {network for network in service.get("networks", ()) if not (stack["networks"][network] or {}).get("internal")}
    calls_out = name.startswith(("notifications-worker", "payments-worker")) or name == "analytics-worker-normal"
    if inside and name not in PUBLIC and not calls_out:
        yield f"reaches the world by the network {', '.join(sorted(inside))}"


def _order(service: Service, stack: Mapping[str, Any]) -> Iterator[str]:
    for other, wanted in service.get("depends_on", {}).items():
        if other not in stack["services"]:
            yield f"waits for {other}, which there is not"
        elif (wanted["condition"] == "service_completed_successfully") != (other in JOBS):
            yield f"waits for {other} to be {wanted['condition']}"


@pytest.fixture(scope="module")
def stack() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_every_container_has_limits_no_rights_and_only_what_it_needs(stack: Mapping[str, Any]) -> None:
    assert list(find_compose_problems(stack)) == []
    assert "version" not in stack


def test_a_container_that_may_more_than_it_should_is_found(stack: Mapping[str, Any]) -> None:
    spoiled = {
        "image": "waybill-payments",
        "volumes": ["secrets-alerts:/run/waybill"],
        "ports": ["5432:5432"],
        "networks": ["outside"],
        "depends_on": {"secrets": {"condition": "service_started"}},
    }
    found = list(find_compose_problems({**stack, "services": {**stack["services"], "payments-spy": spoiled}}))

    assert found == [
        "payments-spy can write to its own file system: set read_only",
        "payments-spy has capabilities that it does not need",
        "payments-spy may gain privileges: set no-new-privileges",
        "payments-spy could change secrets: mount secrets-alerts at /run/waybill, read-only",
        "payments-spy sees the secrets of alerts",
        "payments-spy has no limit of cpus, memory, pids",
        "payments-spy has a log that grows for ever",
        "payments-spy runs whatever is newest: waybill-payments",
        "payments-spy has an image that no variable can replace",
        "payments-spy has no healthcheck, or is not started again when it ends",
        "payments-spy publishes a port and is not public",
        "payments-spy publishes 5432:5432 on another address than this machine's own, or on a port that no variable moves",
        "payments-spy reaches the world by the network outside",
        "payments-spy waits for secrets to be service_started",
    ]


def test_each_service_is_built_under_its_own_version(stack: Mapping[str, Any]) -> None:
    for service in SERVICES:
        version = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text())["project"]["version"]
        image = f"${{WAYBILL_REGISTRY:-}}waybill-{service}:${{{service.upper()}_VERSION:-{version}}}"
        mine = {one["image"] for name, one in stack["services"].items() if name.startswith(f"{service}-")}
        assert mine == {image}
        assert stack["services"][f"{service}-migrate"]["build"]["args"]["VERSION"] in image


def test_containers_listen_where_the_settings_say(stack: Mapping[str, Any]) -> None:
    for service in SERVICES:
        api = stack["services"][f"{service}-api"]
        assert api["networks"]["inside"]["aliases"] == [HOSTS[f"{service}-api"]]
        assert int(api["environment"]["PORT"]) == PORTS[f"{service}-api"]
        assert api["ports"][0].endswith(f":{PORTS[f'{service}-api']}")


def test_workers_that_archive_have_a_volume_to_write_to_and_nobody_else(stack: Mapping[str, Any]) -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    lanes = {lane.name for service in SERVICES for lane in messages()[f"{service}.archive_old_rows"].contract.lanes}
    found = {name: lanes_of_command(one.get("command", ())) for name, one in stack["services"].items()}
    archiving = {name for name, worker in found.items() if worker and lanes & {*worker[1]}}
    told = {name for name, one in stack["services"].items() if "ARCHIVE_DIR" in one.get("environment", {})}
    mounts = {name: [*one.get("volumes", ())] for name, one in stack["services"].items()}
    mounted = {name for name, volumes in mounts.items() if f"${{ARCHIVES:-archives}}:{ARCHIVES}" in volumes}

    assert told == mounted == archiving
    assert len(archiving) == len(SERVICES)
    # A new volume takes over the owner of the folder where it is mounted.
    assert re.search(rf"install -d -o appuser -g appuser .*{ARCHIVES}$", dockerfile, re.MULTILINE)


def test_workers_watch_the_disks_of_what_is_mounted_for_writing_and_nobody_else_does(stack: Mapping[str, Any]) -> None:
    workers = {name: one for name, one in stack["services"].items() if "-worker-" in name}
    mounted = {
        name: [volume.rpartition(":")[2] for volume in one.get("volumes", ()) if not volume.endswith(":ro")]
        for name, one in workers.items()
    }
    watched = {name: comma_separated(one["environment"].get("WATCHED_DIRS", "")) for name, one in workers.items()}

    assert {name: list(folders) for name, folders in watched.items()} == mounted
    assert {folder for folders in mounted.values() for folder in folders} == {ARCHIVES, BACKUPS}


def test_prometheus_scrapes_every_api_worker_relay_and_collector(stack: Mapping[str, Any]) -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    scraped = {name for job in jobs for one in job.get("dns_sd_configs", ()) for name in one["names"]}
    measured = {name for name in stack["services"] if name.endswith(("-api", "-relay", "-collector")) or "-worker-" in name}

    assert measured <= scraped


def test_the_example_names_every_variable_with_its_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = dict(line.lstrip("#").split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if _sets(line))
    parts = [part.partition("}")[0] for part in text.split("${")[1:]]
    used = {name: default for name, _, default in (part.partition(":-") for part in parts)}

    assert example.keys() == used.keys()
    assert {name: default for name, default in used.items() if default and example[name] != default} == {}


def _sets(line: str) -> bool:
    return line.startswith("#") and line[1:2].isupper() and "=" in line.split(" ", 1)[0]
