"""A campaign to thousands while what carries it on is killed: each recipient gets one delivery, and is sent it."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from shared.testing.process import ServiceProcess
from shared.testing.wait import eventually
from tests.faults import failpoints
from tests.faults.books import MailBooks, one, rows
from tests.faults.campaign_audit import CampaignAudit
from tests.faults.campaign_planner import Planner
from tests.faults.checker import Counts
from tests.faults.failpoints import Trap
from tests.faults.scenario import Scenario
from tests.faults.scenarios.campaign_carriers import Carrier, Setting, by_sendgrid, by_smtp
from tests.faults.world import World

RECIPIENTS: Final = 5000
REPEATED: Final = 10
"""Lines of the list whose address stands further up, in capitals."""
BULK: Final = "notifications.bulk"
OTHERS: Final = "notifications.callbacks,notifications.normal,notifications.urgent"
NEVER_IN_BATCHES: Final = frozenset({"batch.recorded_early"})
"""The mails of a batch are answered all at once."""
ALONE_ONLY: Final = ("others", "worker.claimed")
"""Light messages are leased where they are carried out alone, because a process has died over them before."""
RECOVERY_S: Final = 120.0
"""The campaign looks twice, half a minute apart, whether all has ended; and what was held back waits for another while."""
BEGIN_WITHIN: Final = timedelta(seconds=4)
"""A batch that was claimed before the pause begins calls for 20 s, which are 2 s here."""
_MISSED_TWICE: Final = "SELECT id FROM inbox WHERE state = 1 AND crashes > 0"
_BEGUN: Final = "SELECT count(*) FROM delivery_attempts WHERE started_at > :after"
_HELD: Final = "SELECT count(*) FROM inbox WHERE id = ANY(CAST(:ids AS uuid[])) AND state IN (1, 3)"
_DIED_OVER_TWICE: Final = "SELECT count(*) FROM inbox WHERE state = 1 AND crashes > 1"
_OPEN: Final = "SELECT count(*) FROM delivery_attempts WHERE outcome IS NULL"
_LEFT: Final = "SELECT coalesce(max(total), 0) - (SELECT count(*) FROM deliveries WHERE finished_at IS NOT NULL) FROM campaigns"
_SENT: Final = "SELECT count(*) FROM deliveries WHERE status = 'sent'"

AT_ONCE: Final = (
    ("relay", "relay.pushed"),
    ("bulk", "campaign.before_commit"),
    ("bulk", "worker.committed"),
    ("bulk", "effect.called"),
    ("others", "callbacks.before_commit"),
)
"""Of those on the way, the ones after which all is well again within seconds: providers call again after half a minute only."""

Harm = Callable[["CampaignUnderFaults", World], Awaitable[None]]
Point = tuple[str, str]
"""Which process dies, and where: the name of a failpoint."""


class CampaignUnderFaults:
    """Plans a campaign over HTTP, starts it, and harms what carries it on. What must come of it is counted by a CampaignAudit.

    slow_s: how long the provider takes for a call. to_its_end: whether to wait until the campaign has finished.
    """

    def __init__(
        self,
        carrier: Carrier,
        harm: Harm,
        recipients: int,
        slow_s: float,
        *,
        per_minute: int | None = None,
        to_its_end: bool = True,
    ) -> None:
        self._carrier = carrier
        self._harm = harm
        self._recipients = recipients
        self._slow_s = slow_s
        self._per_minute = per_minute
        self._to_its_end = to_its_end
        self._setting: Setting | None = None
        self._audit: CampaignAudit | None = None
        self._traps: dict[str, Trap] = {}
        self._processes: dict[str, ServiceProcess] = {}
        self.fired: Counter[Point] = Counter()

    @property
    def audit(self) -> CampaignAudit:
        """Known once the scenario has begun."""
        assert self._audit is not None, "the scenario's start makes it"
        return self._audit

    @property
    def points(self) -> list[Point]:
        """Every failpoint on the campaign's way, with the process that passes it."""
        assert self._setting is not None, "the scenario's start makes it"
        skipped = NEVER_IN_BATCHES if self._setting.reports else frozenset()
        reached = {name: trap for name, trap in self._traps.items() if name != "others" or self._setting.reports}
        return [(process, name) for process, trap in reached.items() for name in trap.names if name not in skipped]

    async def start(self, world: World) -> None:
        """The draft, whose list has some addresses twice, and all processes of the service; bulk mail has a worker of its own."""
        self._traps = {
            "relay": _trap(world, "relay", failpoints.of_relay()),
            "bulk": _trap(world, "bulk", failpoints.of_worker() + failpoints.of_sending() + failpoints.of_campaign_steps()),
            "others": _trap(world, "others", failpoints.of_light() + failpoints.of_callbacks()),
            "api": _trap(world, "api", failpoints.of_api()),
        }
        of = {process: trap.environment() for process, trap in self._traps.items()}
        self._setting = setting = await self._carrier(world, self._recipients, self._slow_s, of["api"])
        assert isinstance(world.books, MailBooks)
        settings = setting.settings
        self._processes = {
            "relay": world.relay("notifications", **settings, **of["relay"]),
            "bulk": world.processes.worker("notifications", "--concurrency", "2", "-Q", BULK, **settings, **of["bulk"]),
            "others": world.processes.worker("notifications", "--concurrency", "1", "-Q", OTHERS, **settings, **of["others"]),
            "api": setting.api,
        }
        await world.ready(*self._processes.values())
        planner = Planner(world, setting.api)
        await planner.draft(setting.segment, self._per_minute)
        if setting.segment is None:
            addresses = list(setting.recipients)
            report = await planner.upload([*addresses, *(one.upper() for one in addresses[:REPEATED])])
            assert (report["kept"], report["repeated"], report["rejected"]) == (len(addresses), REPEATED, 0)
        self._audit = CampaignAudit(world.consumer, world.books, planner, setting.recipients, self._per_minute, self._to_its_end)

    async def nemesis(self, world: World) -> None:
        """Starts the campaign and does the harm while it goes on."""
        await self._harm(self, world)
        left = await one(world.consumer, _LEFT)
        world.notes.append(f"after the last fault {left} recipients had still to be sent to")
        for process in self._processes:
            fired = [f"{name} {times}" for (of, name), times in sorted(self.fired.items()) if of == process]
            world.notes += [f"killed, {process}: {', '.join(fired)}"] if fired else []
        self.fired.clear()

    async def settled(self, _: World) -> bool:
        """Whether the campaign has come to its end and nothing waits."""
        return await self.audit.settled()

    async def stuck(self, _: World) -> str:
        """Where what is not settled waits."""
        return await self.audit.stuck()

    async def count(self, world: World) -> Counts:
        """Count everything."""
        return await self.audit.count(world)

    async def begin(self, world: World, *first: Point) -> None:
        """Start the campaign, with these failpoints set before, and wait until mails go out."""
        for process, name in first:
            self._traps[process].set(name)
        await self.audit.planner.act("start")
        for point in first:
            await self._has_fired(point)
        await eventually(lambda: one(world.consumer, _SENT), 60, "no mail goes out", every_s=0.1)

    async def fire(self, world: World, point: Point) -> None:
        """Let a failpoint kill its process once, and wait until it has."""
        await world.pause(0.0, 0.5)
        process, name = point
        self._traps[process].set(name)
        if point == ALONE_ONLY:
            self._traps[process].set("worker.before_commit")
        if process == "api" and not self._reports:
            # No provider calls back: the API has nothing else to write.
            await self.audit.planner.act("pause")
            await self.audit.planner.act("resume")
        await self._has_fired(point)
        await self.recovered(world)

    async def kill(self, world: World, process: str, *, sending: bool = False) -> None:
        """kill -9 of a process, or of a worker's child where its name ends so. sending: while calls are under way.

        What processes died over before waits in the lane behind the campaign's own batches, and is not waited for; but a message
        over which two have died is not in hand.
        """
        name, _, is_child = process.partition("'s ")
        if sending:
            await eventually(lambda: one(world.consumer, _OPEN), 30, "nothing is sent", every_s=0.01)

        async def nobody_is_at_its_last() -> bool:
            return not await one(world.consumer, _DIED_OVER_TWICE)

        await eventually(nobody_is_at_its_last, 60, "a message over which two processes died stays in hand", every_s=0.01)
        if is_child:
            await world.kill_child(self._processes[name])
        else:
            await world.kill(self._processes[name])

    async def pause_and_resume(self, world: World) -> None:
        """While it is paused no mail goes out, whoever dies."""
        await self.audit.planner.act("pause")
        paused_at = datetime.now(UTC)
        await eventually(lambda: self._nothing_under_way(world), 60, "a paused campaign goes on sending", every_s=0.1)
        queued, before = await self.audit.queued(), await self.audit.mailbox.count()
        await self.kill(world, world.random.choice(("bulk", "bulk's child", "relay")))
        await world.pause(1, 2)
        more, asked = await self.audit.mailbox.count() - before, await self.audit.queued() - queued
        [begun] = await rows(world.consumer, _BEGUN, after=paused_at + BEGIN_WITHIN)
        if more or asked or begun.count:
            told = f"{more} mails went out, {begun.count} attempts were begun and {asked} recipients asked for"
            self.audit.strayed.append(f"{told} while the campaign was paused")
        await self.audit.planner.act("resume")

    async def recovered(self, world: World) -> None:
        """Wait until those messages are done over which a second process may just have died: the third would make them poison."""
        held = [row.id for row in await rows(world.consumer, _MISSED_TWICE)]

        async def is_done() -> bool:
            [left] = await rows(world.consumer, _HELD, ids=held)
            return not left.count

        # Each goes alone then, and the provider takes its time for each: hundreds of them are minutes.
        await eventually(is_done, 240, "what processes died over is not done", every_s=0.1)

    @property
    def _reports(self) -> bool:
        return self._setting is not None and self._setting.reports

    async def _has_fired(self, point: Point) -> None:
        process, name = point
        await eventually(lambda: self._traps[process].fired(name), 60, f"{process} has not passed {name}")
        self.fired[point] += 1

    async def _nothing_under_way(self, world: World) -> bool:
        return not await one(world.consumer, _OPEN)


async def at_every_failpoint(story: CampaignUnderFaults, world: World) -> None:
    """Each once, in any order."""
    await story.begin(world)
    points = story.points
    world.random.shuffle(points)
    for point in points:
        await story.fire(world, point)
        await story.audit.look()


async def at_random(story: CampaignUnderFaults, world: World) -> None:
    """Processes of every kind, pauses and wiped brokers, in any order."""
    await story.begin(world)
    victims = ("bulk", "bulk's child", "bulk's child", "relay", "others", "others's child", "api")
    harms: list[Callable[[World], Awaitable[None]]] = [
        partial(story.kill, process=victim, sending=victim.startswith("bulk")) for victim in victims * 2
    ]
    harms += [_wipe, story.pause_and_resume] * 2
    world.random.shuffle(harms)
    for harm in harms:
        await world.pause(0.1, 1.0)
        await harm(world)
        await story.audit.look()


async def _wipe(world: World) -> None:
    """Nothing of what the broker held is left."""
    await world.redis.flushall()


async def at_once(story: CampaignUnderFaults, world: World) -> None:
    """A few failpoints that are set before the campaign starts, and a broker that is wiped while it is on its way."""
    await story.begin(world, *AT_ONCE)
    await _wipe(world)


def _trap(world: World, process: str, names: tuple[str, ...]) -> Trap:
    folder = world.folder / process
    folder.mkdir()
    return Trap(folder, "kill", *names)


def _scenario(name: str, story: CampaignUnderFaults, *, smoke: bool = False) -> Scenario:
    return Scenario(
        name,
        story.start,
        story.nemesis,
        messages=0,
        per_s=0,
        mix={},
        repeats=True,
        recovery_s=RECOVERY_S,
        smoke=smoke,
        audit=story,
    )


SCENARIOS: Final = (
    _scenario(
        "campaign by SMTP, killed at every failpoint",
        CampaignUnderFaults(by_smtp, at_every_failpoint, RECIPIENTS, 0.03, per_minute=2100),
    ),
    _scenario(
        "campaign by SendGrid, killed at every failpoint",
        CampaignUnderFaults(by_sendgrid, at_every_failpoint, RECIPIENTS, 0.03, per_minute=1800),
    ),
    _scenario("campaign by SMTP, faults of every kind", CampaignUnderFaults(by_smtp, at_random, RECIPIENTS, 0.25)),
    _scenario(
        "campaign by SendGrid, faults of every kind",
        CampaignUnderFaults(by_sendgrid, at_random, RECIPIENTS, 0.1, per_minute=2400),
    ),
    _scenario("campaign by SendGrid, few", CampaignUnderFaults(by_sendgrid, at_once, 400, 0.02, to_its_end=False), smoke=True),
)
