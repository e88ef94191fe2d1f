"""Alerts and their e-mails: a run, and all that people hear of it, while what carries them out is killed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from deploy.local.sample_shipments import as_csv, generate
from services.alerts.deps import shipment_import
from shared.contracts.alerts import EvaluateShipments
from shared.runtime import broker
from shared.runtime.db import Database
from shared.runtime.outbox import publish
from shared.testing.process import ServiceProcess, WorkerProcess
from shared.testing.wait import eventually
from tests.faults.alert_audit import AlertAudit, share_out
from tests.faults.books import MailBooks, one
from tests.faults.checker import Counts
from tests.faults.scenario import Scenario
from tests.faults.scenarios.email import mail_server
from tests.faults.world import Relay, World

SIZES: Final = (600, 100)
"""One organization in which somebody gets a digest; in the others each shipment is a mail."""
STRETCHED: Final = {"WAYBILL_FAILPOINTS": "evaluation.before_commit=sleep0.3,evaluation.committed=sleep0.3"}
"""A run of a few chunks is over too soon to be hit."""
_SUSPECTED: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3) AND crashes > 0"
_UNFINISHED: Final = "SELECT count(*) FROM evaluation_runs WHERE finished_at IS NULL"
_CHUNKS: Final = "SELECT count(*) FROM evaluation_chunks"
_SENT: Final = "SELECT count(*) FROM deliveries WHERE status = 'sent'"

Kill = Callable[[World, ServiceProcess], Awaitable[None]]


class AlertsUnderKills:
    """Imports shipments, asks for two runs at once, and kills what works on them and on their mails.

    run_kills, mail_kills: how many processes die during the runs, and while the mails go out. slow_s: how long the mail
    server takes for a mail. What must come of it is counted by an AlertAudit.
    """

    def __init__(self, shipments: int, *, run_kills: int, mail_kills: int, slow_s: float) -> None:
        self._shipments = shipments
        self._run_kills = run_kills
        self._mail_kills = mail_kills
        self._slow_s = slow_s
        self._audit: AlertAudit | None = None

    @property
    def audit(self) -> AlertAudit:
        """Known once the scenario has begun."""
        assert self._audit is not None, "the scenario's start makes it"
        return self._audit

    async def start(self, world: World) -> None:
        """The shipments, and both services with a relay each."""
        server = await mail_server(world, self._slow_s)
        assert isinstance(world.books, MailBooks)
        day = datetime.now(UTC).date()
        shipments = {
            UUID(int=world.random.getrandbits(128)): generate(
                size, seed=world.random.getrandbits(64), today=day, domain=f"{number}.example.com"
            )
            for number, size in enumerate(share_out(self._shipments, SIZES))
        }
        alerts = Database(world.database.url("alerts"), name="faults", pool_size=4, on_publish=broker.Hint(world.redis, "alerts"))
        world.closing.push_async_callback(alerts.close)
        self._audit = AlertAudit(alerts, world.consumer, world.books, shipments, day)
        async with alerts.unit_of_work() as session:
            for organization_id, own in shipments.items():
                report = await shipment_import(session, organization_id, today=day).run(as_csv(own))
                assert report.problems == []
        alone = ("--concurrency", "1")
        await world.ready(
            world.processes.worker("alerts", *alone, **STRETCHED),
            world.processes.worker("notifications", *alone, **server),
            world.relay("alerts"),
            world.relay("notifications", **server),
        )

    async def nemesis(self, world: World) -> None:
        """Kills while the runs go on, kills and a wiped broker while the mails do."""
        async with self.audit.alerts.unit_of_work() as session:
            for _ in range(2):
                publish(session, EvaluateShipments(as_of=datetime.now(UTC)))
        await eventually(lambda: one(self.audit.alerts, _CHUNKS), 30, "no run has begun")
        for number in range(self._run_kills):
            await self._kill_in_run(world, (World.kill_child, World.kill)[number % 2])
        await eventually(self._is_evaluated, 60, "the runs do not end")
        await eventually(lambda: one(self.audit.notifications, _SENT), 60, "no mail goes out")
        for number in range(self._mail_kills):
            if number == self._mail_kills // 3:
                await world.redis.flushall()
            await self._kill_in_sending(world, number)
        left = self.audit.expected_mails().total() - await one(self.audit.notifications, _SENT)
        world.notes.append(f"after the last kill {left} mails had still to be sent")

    async def settled(self, _: World) -> bool:
        """Whether nothing waits anywhere any more."""
        return await self.audit.settled()

    async def stuck(self, _: World) -> str:
        """Where what is not settled waits."""
        return await self.audit.stuck()

    async def count(self, world: World) -> Counts:
        """Count everything."""
        return await self.audit.count(world)

    async def _kill_in_run(self, world: World, kill: Kill) -> None:
        await world.pause(0.1, 0.7)
        await self._recovered()
        await kill(world, _process(world, "alerts-worker"))

    async def _kill_in_sending(self, world: World, number: int) -> None:
        """The sending worker every other time, in its child or as a whole; else the other ones in turn."""
        await world.pause(0.1, 0.8)
        await self._recovered()
        if number % 2 == 0:
            await (World.kill_child, World.kill)[number // 2 % 2](world, _process(world, "notifications-worker"))
            return
        name = ("alerts-relay", "alerts-worker", "notifications-relay")[number // 2 % 3]
        await world.kill(_process(world, name))

    async def _is_evaluated(self) -> bool:
        return not await one(self.audit.alerts, _UNFINISHED)

    async def _recovered(self) -> None:
        """Wait until what a process has died over is done: a message over which three die is poison."""

        async def nothing_suspected() -> bool:
            return not (await one(self.audit.alerts, _SUSPECTED) or await one(self.audit.notifications, _SUSPECTED))

        await eventually(nothing_suspected, 60, "what a process died over is not done", every_s=0.1)


def _process(world: World, kind: str) -> ServiceProcess:
    return next(
        process
        for process in world.processes.started
        if isinstance(process, WorkerProcess | Relay) and process.name.startswith(kind)
    )


def _scenario(name: str, story: AlertsUnderKills, *, smoke: bool = False) -> Scenario:
    return Scenario(
        name,
        story.start,
        story.nemesis,
        messages=0,
        per_s=0,
        mix={},
        repeats=True,
        recovery_s=60,
        smoke=smoke,
        audit=story,
    )


SCENARIOS: Final = (
    _scenario("alerts run and its mails under kills", AlertsUnderKills(2000, run_kills=4, mail_kills=12, slow_s=0.15)),
    _scenario(
        "alerts run and its mails under kills, few", AlertsUnderKills(700, run_kills=1, mail_kills=2, slow_s=0.05), smoke=True
    ),
)
