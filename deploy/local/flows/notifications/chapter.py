"""One part of the story: sends messages as any Celery client does, and checks what became of each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import anyio

from deploy.local.demo import Check
from deploy.local.flows.notifications.world import World
from deploy.local.polling import read, read_all
from deploy.local.timelines import standing_of
from shared.contracts.message import Command
from shared.contracts.notifications import Notice, SendBulkEmail, SendNotification
from shared.runtime.ids import uuid7

Delivery = Mapping[str, Any]


class Chapter:
    """checks and deliveries: what it has found so far; a delivery with the task that asked for it. sent: tasks by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cast = world.cast
        self.checks: list[Check] = []
        self.deliveries: list[tuple[str, Delivery]] = []
        self.sent: list[str] = []
        self._names: dict[UUID, str] = {}
        self._of_many: set[UUID] = set()

    def check(self, name: str, found: Any, expected: Any, shown: str | None = None) -> None:
        """That two things are equal. shown: what to say where they are; by default, what was found."""
        passed = found == expected
        words = str(found) if shown is None else shown
        self.checks.append(Check(name, passed, words if passed else f"found {found}, expected {expected}"))

    async def send(self, message: Command) -> UUID:
        """Send a task; its id is what its delivery, or what it becomes, is found by."""
        name, lane = message.contract.name, message.contract.lanes[0].name
        message_id = uuid7()
        fields = message.model_dump(mode="json", exclude_unset=True)
        await anyio.to_thread.run_sync(
            lambda: self.world.celery.send_task(name, kwargs=fields, queue=lane, task_id=str(message_id))
        )
        self.sent.append(name)
        self._names[message_id] = name.partition(".")[2]
        if isinstance(message, Notice | SendNotification | SendBulkEmail):
            self._of_many.add(message_id)
        self.world.stack.tell(f"{name} sent")
        return message_id

    async def ends(
        self, message_id: UUID, claim: str, *standings: str, task: str | None = None, revived: bool = False
    ) -> list[Delivery]:
        """Wait until a message's deliveries stand as expected, and check that they do.

        standings: of each delivery channel and standing, `email sent by smtp`. task: for what a message has become. revived: it
        had ended before, and goes on.
        """
        name, expected = task or self._names[message_id], Counter(standings)

        def is_over(found: list[Delivery]) -> bool:
            lost = any(one["status"] in ("failed", "dropped") and _standing(one) not in expected for one in found)
            return Counter(map(_standing, found)) == expected or (lost and not revived)

        found = await self.world.wait(lambda: self._deliveries(message_id), is_over)
        self.check(f"{name}: {claim}", _in_words(map(_standing, found)), _in_words(standings))
        timelines = [await read(self.world.api, f"/v1/deliveries/{one['id']}") for one in found]
        self.deliveries += [(name, one) for one in timelines]
        return timelines

    async def waits_after_a_try(self, message_id: UUID) -> None:
        """Wait until a delivery has had an attempt and is queued again."""

        async def ask() -> Delivery | None:
            return next(iter(await self._deliveries(message_id)), None)

        found = await self.world.wait(
            ask,
            lambda one: one is not None and one["status"] == "queued" and one["error"] is not None,
        )
        self.check(f"{self._names[message_id]}: a refusal for now keeps it in the queue", found and found["status"], "queued")

    async def is_done(self, message_id: UUID, claim: str) -> None:
        """Wait until a task that sends nothing itself is done."""

        async def ask() -> str:
            rows = await read(self.world.api, "/v1/operations/inbox", {"name": f"notifications.{self._names[message_id]}"})
            return str(next((row["state"] for row in rows["items"] if row["id"] == str(message_id)), "unknown"))

        state = await self.world.wait(ask, lambda state: state in ("done", "dead", "dropped"))
        self.check(f"{self._names[message_id]}: {claim}", state, "done")

    async def is_suppressed(self, address: str, claim: str, reason: str | None, *, channel: str = "email") -> None:
        """Wait until an address is on the suppression list for a reason; None: until it is not any more."""

        async def ask() -> tuple[str | None, str]:
            rows = await read_all(self.world.api, "/v1/suppressions", {"channel": channel, "address": address})
            # More than one list may have told of it: a call-back's, and each that the sweep has fetched.
            sources = ", ".join(sorted({row["source"] for row in rows}))
            return (rows[0]["reason"], f"{rows[0]['reason']}, told by {sources}") if rows else (None, "it is not there")

        found, words = await self.world.wait(ask, lambda found: found[0] == reason)
        self.check(claim, found, reason, words)

    async def _deliveries(self, message_id: UUID) -> list[Delivery]:
        """The message's own delivery, or those of a notice, as far as they are there."""
        key = "notice_id" if message_id in self._of_many else "id"
        return [one for one in await self.world.watch.deliveries() if one[key] == str(message_id)]


def _standing(delivery: Delivery) -> str:
    return f"{delivery['channel']} {standing_of(delivery)}"


def _in_words(standings: Iterable[str]) -> str:
    counted = sorted(Counter(standings).items())
    return "; ".join(f"{count} × {one}" if count > 1 else one for one, count in counted) or "nothing"
