"""Containers are killed, paused, restarted, replaced and added under traffic: nothing is lost, and nothing happens twice."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from deploy.local.demo import RunningStack
from tests.compose.project import Project
from tests.compose.traffic import LateShipments, Orders, vehicles

PAUSED_S: Final = 8.0
DOWN_S: Final = 2.0
BETWEEN_S: Final = 3.0
DRIVING_S: Final = 60.0
NEXT: Final = "0.1.0-next"

Fault = Callable[[Project, str], None]


async def test_nothing_is_lost_or_doubled_while_containers_come_and_go(project: Project, flows: RunningStack) -> None:
    stop = asyncio.Event()
    shipments, orders = LateShipments(flows), Orders(flows)
    async with orders.shop() as shop:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(shipments.keep_on(stop))
            tasks.create_task(shop.keep_on(stop))
            driven = tasks.create_task(vehicles(flows, DRIVING_S))
            await break_things(project)
            stop.set()
        await asyncio.to_thread(project.wait_until_healthy)
        found = {
            "mails": await shipments.problems(),
            "payments": await shop.problems(),
            "positions": [] if driven.result().passed else [str(driven.result())],
        }
    counted = f"{shipments.wanted.total()} mails, {len(orders.placed)} orders, {driven.result().stored} positions"
    project.timings.append((f"   the traffic: {counted}", 0.0))
    assert found == {"mails": [], "payments": [], "positions": []}
    assert shipments.wanted.total() > 50
    assert len(orders.placed) > 10


async def break_things(project: Project) -> None:
    """One fault after the other, each on a stack that is at work."""
    faults: tuple[tuple[Fault, str], ...] = (
        (kill, "alerts-worker-critical"),
        (pause, "notifications-relay"),
        (kill, "payments-worker-critical"),
        (restart, "redis"),
        (kill, "alerts-relay"),
        (restart, "postgres"),
        (kill, "trips-api"),
        (redeploy, "payments"),
        (scale, "notifications-worker-normal"),
        (pause, "alerts-worker-normal"),
    )
    for fault, whom in faults:
        with project.timed(f"   {fault.__name__} {whom}"):
            await asyncio.to_thread(fault, project, whom)
        await asyncio.sleep(BETWEEN_S)


def kill(project: Project, service: str) -> None:
    """SIGKILL, and a start of the same container a little later, as after an accident."""
    container = project.container(service)
    container.kill()
    container.wait(timeout=20)
    time.sleep(DOWN_S)
    container.start()


def pause(project: Project, service: str) -> None:
    """Frozen for longer than anybody waits for an answer."""
    container = project.container(service)
    container.pause()
    time.sleep(PAUSED_S)
    container.unpause()


def restart(project: Project, server: str) -> None:
    """Ended in an orderly way, with everything that hangs on it, and started again."""
    project.container(server).restart(timeout=30)


def redeploy(project: Project, service: str) -> None:
    """The next version of one service takes the place of this one; the others run on."""
    others = {one.id for one in project.containers() if not _is_of(one, service)}
    project.set(**{f"{service.upper()}_VERSION": NEXT})
    project.compose("build", f"{service}-migrate")
    # The code before them works on with the new migrations, so they go first, and only then is anything replaced.
    project.compose("up", "--no-deps", f"{service}-migrate")
    mine = sorted({one.labels["com.docker.compose.service"] for one in project.containers() if _is_of(one, service)})
    project.compose("up", "--detach", "--no-deps", *(name for name in mine if not name.endswith("-migrate")))
    project.wait_until_healthy(*mine)
    found = [one.image.labels["org.opencontainers.image.version"] for one in project.containers() if _is_of(one, service)]
    assert set(found) == {NEXT}
    assert {one.id for one in project.containers() if not _is_of(one, service)} == others


def scale(project: Project, service: str, replicas: int = 3) -> None:
    """More containers of a group; each takes work of the same lanes."""
    project.compose("up", "--detach", "--no-recreate", "--no-deps", "--scale", f"{service}={replicas}", service)
    project.wait_until_healthy(service)
    assert len(project.containers(service)) == replicas
    lanes = project.run("waybill", "queues", "list", "--json")
    assert f'"slots": {replicas}' in lanes


def _is_of(container: Any, service: str) -> bool:
    return bool(container.labels["com.docker.compose.service"].startswith(f"{service}-"))


async def test_workers_are_restarted_gently_one_after_the_other(project: Project, flows: RunningStack) -> None:
    stop = asyncio.Event()
    shipments = LateShipments(flows)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shipments.keep_on(stop))
        said = await asyncio.to_thread(project.script, "deploy/restart-celery", "alerts")
        stop.set()

    restarted = {line.split()[0] for line in said.splitlines() if " restarted in " in line}
    services = {one.labels["com.docker.compose.service"] for one in project.containers()}
    assert restarted == {name for name in services if name.startswith(("alerts-worker", "alerts-relay"))}
    assert await shipments.problems() == []
