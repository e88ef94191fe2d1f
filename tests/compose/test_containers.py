"""What each container may: nothing on its machine, its own schema, its own lanes."""

import errno
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from deploy.sbom.locks import pins_of
from shared.contracts.lanes import LANES, SERVICES, lanes_of
from tests.compose import looks
from tests.compose.project import Project


def in_each(project: Project, script: str, arguments: dict[str, list[str]]) -> dict[str, Any]:
    """What a program finds in each service's relay, all at once: it is the process with the fewest of them."""
    with ThreadPoolExecutor() as room:
        found = {service: room.submit(project.ask, f"{service}-relay", script, *arguments[service]) for service in SERVICES}
        return {service: one.result() for service, one in found.items()}


def names(service: str) -> list[str]:
    """The service first, and all others."""
    return [service, *(other for other in SERVICES if other != service)]


def test_processes_are_nobody_and_find_only_their_own_service(project: Project) -> None:
    for service, found in in_each(project, looks.RIGHTS, {service: [] for service in SERVICES}).items():
        assert found == {
            "uid": 1000,
            "capabilities": 0,
            "no_new_privileges": "1",
            "writes": [errno.EROFS] * 3,
            "content": ["services", "shared"],
            "services": [service],
            "tests": [],
            "tools": [],
            "index": [],
        }


def test_what_is_installed_is_what_the_bill_of_materials_lists(project: Project) -> None:
    for service, found in in_each(project, looks.PACKAGES, {service: [] for service in SERVICES}).items():
        assert found == {pin.name: pin.version for pin in pins_of(service)}


def test_each_login_is_refused_the_other_schemas(project: Project) -> None:
    found = in_each(project, looks.DATABASE, {service: names(service) for service in SERVICES})

    assert list(found.values()) == [{"own": True, "let in": [], "refused": 20, "tls": False}] * 5


def test_each_owner_is_refused_the_other_schemas(project: Project) -> None:
    def look(service: str) -> str:
        return project.run(f"{service}-migrate", "python", "-c", looks.DATABASE, *names(service)).strip().splitlines()[-1]

    with ThreadPoolExecutor(2) as room:
        found = list(room.map(look, SERVICES))

    assert found == ['{"own": true, "let in": [], "refused": 20, "tls": false}'] * 5


def test_each_user_of_the_broker_is_refused_the_others_lanes(project: Project) -> None:
    for service, found in in_each(project, looks.BROKER, {service: [service] for service in SERVICES}).items():
        own = len(lanes_of(service))
        assert found == {"own": [True] * own, "let in": [], "refused": 5 * (len(LANES) - own) + 3}


def test_database_and_broker_are_not_published_and_their_network_leads_nowhere(project: Project) -> None:
    for server in ("postgres", "redis"):
        assert project.container(server).attrs["HostConfig"]["PortBindings"] in ({}, None)
    for service in SERVICES:
        (published,) = project.container(f"{service}-api").attrs["HostConfig"]["PortBindings"].values()
        assert [one["HostIp"] for one in published] == ["127.0.0.1"]
    networks = project.container("sandbox").attrs["NetworkSettings"]["Networks"]
    outside = networks[f"{project.name}_outside"]["IPAddress"]
    assert project.ask("alerts-relay", looks.REACH, outside, "8025") != "connected"
    assert project.ask("notifications-worker-normal", looks.REACH, outside, "8025") == "connected"


def test_every_image_says_what_it_is(project: Project) -> None:
    for service in SERVICES:
        labels = project.container(f"{service}-api").image.labels
        version = httpx.get(f"http://127.0.0.1:{project.ports[f'{service}-api']}/version", trust_env=False).json()
        assert labels["org.opencontainers.image.title"] == f"waybill-{service}"
        assert labels["org.opencontainers.image.version"] == version["version"]


def test_a_second_up_changes_nothing(project: Project) -> None:
    before = {one.id for one in project.containers()}
    project.compose("up", "--detach")

    assert {one.id for one in project.containers()} == before


def test_people_have_the_command_and_celerys_own(project: Project) -> None:
    queues = project.run("waybill", "queues", "list", "--json")
    nodes = project.run("celery", "inspect", "ping", "--timeout", "5")

    assert all(f'"{lane}"' in queues for lane in LANES)
    assert nodes.count("pong") == sum("-worker-" in one.labels["com.docker.compose.service"] for one in project.containers())


def test_flower_asks_for_a_login(project: Project) -> None:
    project.compose("up", "--detach", "--no-deps", "flower", profile="monitoring")
    flower = f"http://127.0.0.1:{project.ports['flower']}"

    assert project.wait_for(lambda: _status(f"{flower}/api/workers"), "Flower does not answer") == httpx.codes.UNAUTHORIZED
    assert _status(flower) == httpx.codes.UNAUTHORIZED
    project.wait_until_healthy("flower")
    project.compose("rm", "--stop", "--force", "flower", profile="monitoring")


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.TransportError:
        return None
