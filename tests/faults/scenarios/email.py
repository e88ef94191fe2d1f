"""E-mails through the notifications service to the sandbox: each once, and a second copy has the same Message-ID."""

from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from shared.contracts.notifications import SendEmail
from tests.faults import failpoints
from tests.faults.books import MailBooks
from tests.faults.failpoints import Trap
from tests.faults.scenario import Scenario
from tests.faults.scenarios.kills import CALLING, fire
from tests.faults.world import World

Step = Callable[[World], Awaitable[None]]
SLOW_S: Final = 0.02


async def mail_server(world: World, slow_s: float = SLOW_S) -> dict[str, str]:
    """Settings for a mail server that takes its time, so that several mails are under way at once. slow_s: for each mail."""
    sandbox = await world.closing.enter_async_context(running(Settings(http_port=0, smtp_port=0)))
    async with httpx.AsyncClient(base_url=sandbox.http_url) as http:
        (await http.put("/faults/smtp", json=[{"action": "delay", "seconds": slow_s}])).raise_for_status()
    world.books = MailBooks(sandbox.http_url)
    world.consumer = world.database.open("notifications", pool_size=2)
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(sandbox.facts["smtp"]["port"]),
        "SMTP_TLS": "none",
        "SMTP_FROM": "waybill@example.com",
        "SIGNING_KEYS": "k1:a-secret-for-tests-only",
        "ADDRESS_HASH_KEY": "another-secret-for-tests",
    }


def killed_at(*names: str, times: int) -> tuple[Step, Step]:
    """Start and nemesis: the worker's child dies at these failpoints while mails go out."""

    def trap(world: World) -> Trap:
        return Trap(world.folder, "kill", *names)

    async def start(world: World) -> None:
        server = await mail_server(world)
        lanes = ("--concurrency", "1", "-Q", ",".join(world.books.lanes))
        worker = world.processes.worker("notifications", *lanes, **server, **trap(world).environment())
        await world.ready(world.relay("trips"), world.relay("notifications", **server), worker)

    async def nemesis(world: World) -> None:
        for name in names * times:
            await fire(world, trap(world), name)

    return start, nemesis


def _at(name: str) -> Scenario:
    start, nemesis = killed_at(name, times=3)
    title = f"e-mail: child killed at {name}"
    return Scenario(title, start, nemesis, mix={SendEmail: 1}, per_s=150, repeats=name in CALLING, recovery_s=60)


def _all() -> Scenario:
    start, nemesis = killed_at(*failpoints.of_effects(), times=1)
    title = "e-mail: child killed at every failpoint"
    return Scenario(title, start, nemesis, mix={SendEmail: 1}, per_s=100, repeats=True, recovery_s=60, smoke=True)


SCENARIOS: Final = (_all(), *(_at(name) for name in failpoints.of_effects()))
