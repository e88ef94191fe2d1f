"""Charges of stored cards while everybody dies: workers, the API that webhooks come to, the relay; and the gateway errs."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import httpx

from services.payments.money.allocation import allocate
from shared.contracts.lanes import PAYMENTS_SUBSCRIPTIONS
from shared.contracts.message import Message
from shared.contracts.payments import (
    CapturePayment,
    ReconcilePayments,
    ReleasePayment,
    ResolveUnknownPayments,
    RetryFailedPayments,
)
from shared.runtime import broker
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.runtime.outbox import publish
from shared.testing.process import ServiceProcess
from shared.testing.wait import eventually
from tests.faults import failpoints
from tests.faults.books import rows
from tests.faults.charge_audit import LANES, ChargeAudit
from tests.faults.charge_shop import OURS, Shop, gateway_port, open_gateway, open_shop
from tests.faults.checker import Counts
from tests.faults.failpoints import Trap
from tests.faults.scenario import Scenario
from tests.faults.world import World

CHARGES: Final = 2000
FEW: Final = 200
TRANSACTION: Final = 50
RECOVERY_S: Final = 90.0
"""What is authorized is captured by us half a minute later, where the gateway has not done it."""
SAFE_WITHIN_S: Final = 45.0
"""Each message that somebody has died over goes alone, and waits until an earlier call of its own has certainly ended."""
DECIDED_WITHIN_S: Final = 240.0
CHARGING: Final = tuple(f"payments.{call}.{step}" for call in ("order", "charge") for step in ("before_call", "called"))
COMPARED_WITHIN_S: Final = 300.0
"""What died on the batch lane is taken up after its 1800 s, which are 180 s here."""
_RUNS: Final = "SELECT state FROM recon_runs"
_CAPTURED: Final = "SELECT id FROM payments WHERE status = 'captured' ORDER BY id"
_AUTHORIZED: Final = "SELECT count(*) FROM payments WHERE id = ANY (CAST(:ids AS uuid[])) AND status = 'authorized'"
_DIED_OVER: Final = "SELECT id FROM inbox WHERE state = 1 AND crashes > 0"
_AT_THEIR_LAST: Final = """
    SELECT count(*) FROM inbox WHERE state IN (1, 2, 3) AND (crashes > 1 OR id = ANY (CAST(:ids AS uuid[])))
"""

Harm = Callable[["ChargesUnderFaults", World], Awaitable[None]]
Load = Callable[[], Awaitable[None]]


class ChargesUnderFaults:
    """Has cards charged, some payments captured, given up and refunded, and harms whoever does it. A ChargeAudit counts."""

    def __init__(self, harm: Harm, charges: int, authorized: int, *, kills_runs: bool = False) -> None:
        self._harm = harm
        self._left = charges
        self._count = authorized
        self._kills_runs = kills_runs
        self._authorized: list[UUID] = []
        self._shop: Shop | None = None
        self._audit: ChargeAudit | None = None
        self._trap: Trap | None = None
        self._database: Database | None = None
        self._processes: dict[str, ServiceProcess] = {}
        self._api_url = ""
        self.killed: Counter[str] = Counter()
        self.spared = 0

    @property
    def audit(self) -> ChargeAudit:
        """Known once the scenario has begun."""
        assert self._audit is not None, "the scenario's start makes it"
        return self._audit

    @property
    def shop(self) -> Shop:
        """As above."""
        assert self._shop is not None, "the scenario's start makes it"
        return self._shop

    async def start(self, world: World) -> None:
        """The gateway, the shop, and all processes of the service; what has to do with calls can be killed at its failpoints."""
        port = gateway_port()
        self._trap = Trap(world.folder, "kill", *failpoints.of_payments(), *failpoints.of_effects())
        settings = {"PAYMENT_GATEWAY": "razorpay", "RAZORPAY_KEY_ID": "rzp_test_WaybillSandbx0", "RAZORPAY_KEY_SECRET": "sandbox"}
        settings |= {"RAZORPAY_WEBHOOK_SECRET": "sandbox", "RAZORPAY_BASE_URL": f"http://127.0.0.1:{port}/razorpay"}
        settings |= {"RATE_LIMIT": "100000/second"}
        api = world.processes.api("payments", **settings)
        lanes = ("--concurrency", "2", "-Q", ",".join(LANES))
        self._api_url = api.url
        self._processes = {
            "relay": world.relay("payments", **settings),
            "worker": world.processes.worker("payments", *lanes, **settings, **self._trap.environment()),
            "api": api,
        }
        self._database = Database(
            world.database.url("payments"), name="faults", pool_size=4, on_publish=broker.Hint(world.redis, "payments")
        )
        world.closing.push_async_callback(self._database.close)
        gateway = await open_gateway(world, f"{api.url}/v1/webhooks/razorpay", port)
        self._shop = await open_shop(self._database, gateway)
        self._audit = ChargeAudit(self._database, gateway)
        await world.ready(*self._processes.values())
        self._authorized = await self._shop.authorized(self._count)
        await eventually(self._are_authorized, 60, "no webhook has told of authorizations", every_s=0.1)
        await gateway.err()

    async def nemesis(self, world: World) -> None:
        """Asks for the charges and does the harm while they are made."""
        await self._harm(self, world)
        await self._time_passes()
        await self._reconcile(world)
        killed = ", ".join(f"{name} {times}" for name, times in sorted(self.killed.items()))
        world.notes.append(f"killed: {killed}; spared {self.spared} times, for what two had died over")
        self.killed.clear()

    async def settled(self, _: World) -> bool:
        """Whether every payment has come to its end and nothing waits."""
        return await self.audit.settled()

    async def stuck(self, _: World) -> str:
        """Where what is not settled waits."""
        return await self.audit.stuck()

    async def count(self, world: World) -> Counts:
        """Count everything."""
        return await self.audit.count(world)

    async def under_charges(self, world: World, harms: Sequence[str]) -> None:
        """Do these harms, at a failpoint or to a process, each while its part of the charges is made: the load lasts as long as
        the harms do, on any machine."""
        parts = allocate(self._left, [1] * len(harms))
        for name, part in zip(harms, parts, strict=True):
            load = partial(self.charge, part)
            await (self.fire(world, name, load) if "." in name else self.kill(world, name, load))

    async def charge(self, count: int) -> None:
        """Ask for so many of the charges."""
        self._left -= count
        messages = await self.shop.charges(count)
        ids = [uuid7() for _ in messages]
        self.audit.charges |= {*ids, *self._authorized}
        for first in range(0, len(messages), TRANSACTION):
            async with self.shop.database.unit_of_work() as session:
                for key, message in list(zip(ids, messages, strict=True))[first : first + TRANSACTION]:
                    publish(session, message, lane=PAYMENTS_SUBSCRIPTIONS, message_id=key)

    async def fire(self, world: World, name: str, load: Load, *, at_once: bool = False) -> None:
        """Let a failpoint kill the worker's child that passes it, and wait until it has. load: what makes children pass it.

        at_once: whoever else has died over what is not done yet.
        """
        assert self._trap is not None, "the scenario's start makes it"
        trap = self._trap
        if not at_once and not await self.nobody_is_at_its_last():
            self.spared += 1
            await load()
            return
        trap.set(name)
        await load()
        await eventually(lambda: trap.fired(name), 60, f"nothing has passed {name}")
        self.killed[name] += 1
        await world.pause(0.0, 0.3)

    async def kill(self, world: World, victim: str, load: Load) -> None:
        """kill -9 of a process, or of a child of the worker, some time after the load has begun."""
        is_spared = not await self.nobody_is_at_its_last()
        await load()
        await world.pause(0.0, 1.0)
        if is_spared:
            self.spared += 1
            return
        if victim == "child":
            await world.kill_child(self._processes["worker"])
        else:
            await world.kill(self._processes[victim])
        self.killed[victim] += 1

    async def nobody_is_at_its_last(self) -> bool:
        """Wait for what two processes have died over, or may just have: a message over which three die is poison, and faults that
        come faster would make innocent ones look like it. False where it waits for longer than the load lasts."""
        held = [row.id for row in await rows(self.shop.database, _DIED_OVER)]
        loop = asyncio.get_running_loop()
        until = loop.time() + SAFE_WITHIN_S
        while loop.time() < until:
            [left] = await rows(self.shop.database, _AT_THEIR_LAST, ids=held)
            if not left.count:
                return True
            await asyncio.sleep(0.1)
        return False

    async def take_and_give_up(self, world: World) -> None:
        """Capture payments that are authorized, and give others up, each killed before and after the call. At once: half a minute
        later the service captures them by itself."""
        ids, half = self._authorized, len(self._authorized) // 2
        plan: list[tuple[str, list[Message]]] = [
            ("payments.capture.before_call", [CapturePayment(payment_id=key) for key in ids[: half // 2]]),
            ("payments.capture.called", [CapturePayment(payment_id=key) for key in ids[half // 2 : half]]),
            ("payments.cancel.before_call", [ReleasePayment(payment_id=key) for key in ids[half : half + half // 2]]),
            ("payments.cancel.called", [ReleasePayment(payment_id=key) for key in ids[half + half // 2 :]]),
        ]
        for name, messages in plan:
            await self.fire(world, name, partial(self._publish, *messages), at_once=True)

    async def refund(self, world: World, count: int) -> None:
        """Have payments refunded over HTTP, by a client that repeats what was not answered, killed before and after the call."""
        assert self._trap is not None, "the scenario's start makes it"
        captured = [row.id for row in await rows(self.shop.database, _CAPTURED)][:count]
        for name, ids in (("payments.refund.before_call", captured[::2]), ("payments.refund.called", captured[1::2])):
            await self.fire(world, name, partial(self._refund_all, world, ids))

    async def _refund_all(self, world: World, payment_ids: Sequence[UUID]) -> None:
        for payment_id in payment_ids:
            await self._refund(world, payment_id)

    async def _refund(self, world: World, payment_id: UUID) -> None:
        token = world.keys.token("admin", organization_id=OURS)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}

        async def is_asked() -> bool:
            async with httpx.AsyncClient(base_url=self._api_url, headers=headers, timeout=10) as http:
                try:
                    answer = await http.post(f"/v1/payments/{payment_id}/refunds", json={"reason": "it was broken"})
                except httpx.TransportError:
                    return False
            assert answer.status_code in (201, 409, 503), answer.text
            return answer.status_code == 201

        await eventually(is_asked, 60, "a refund is not taken", every_s=0.2)

    async def _are_authorized(self) -> bool:
        [row] = await rows(self.shop.database, _AUTHORIZED, ids=self._authorized)
        return bool(row[0] == len(self._authorized))

    async def _time_passes(self) -> None:
        """What the service does by its clock in the days after, until every payment has come to its end."""
        slot = datetime.now(UTC)
        deadline = asyncio.get_running_loop().time() + DECIDED_WITHIN_S
        while asyncio.get_running_loop().time() < deadline:
            slot += timedelta(hours=8)
            await self._publish(ResolveUnknownPayments(slot=slot), RetryFailedPayments(slot=slot))
            await asyncio.sleep(1.0)
            if not await self.audit.undecided():
                return

    async def _reconcile(self, world: World) -> None:
        """Compare everything with the gateway, by a run whose child dies before a call; somebody else goes on with it once the
        lane's time is over, which a smoke run has not."""
        asked = ReconcilePayments(slot=datetime.now(UTC) + timedelta(minutes=1), days=1, account="razorpay")
        if self._kills_runs:
            await self.fire(world, "payments.reconciliation.before_call", partial(self._publish, asked))
        else:
            await self._publish(asked)
        await eventually(self._is_compared, COMPARED_WITHIN_S, "the run of reconciliation has not ended", every_s=0.2)

    async def _is_compared(self) -> bool:
        return [row.state for row in await rows(self.shop.database, _RUNS)] == ["finished"]

    async def _publish(self, *messages: Message) -> None:
        async with self.shop.database.unit_of_work() as session:
            for message in messages:
                publish(session, message)


async def of_every_kind(story: ChargesUnderFaults, world: World) -> None:
    """At every failpoint of a call, and kills at random moments."""
    await story.take_and_give_up(world)
    harms = [*CHARGING, *CHARGING, *failpoints.of_effects(), *["child", "child", "child", "worker", "relay", "api"] * 2]
    world.random.shuffle(harms)
    await story.under_charges(world, harms)
    await story.refund(world, 60)


async def once_each(story: ChargesUnderFaults, world: World) -> None:
    """The failpoints around the calls, and one kill of each process."""
    await story.take_and_give_up(world)
    await story.under_charges(world, [*CHARGING, "child", "api", "relay", "worker"])
    await story.refund(world, 8)


def _scenario(name: str, story: ChargesUnderFaults, *, smoke: bool = False) -> Scenario:
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
    _scenario("charges, faults of every kind", ChargesUnderFaults(of_every_kind, CHARGES, 40, kills_runs=True)),
    _scenario("charges, few", ChargesUnderFaults(once_each, FEW, 8), smoke=True),
)
