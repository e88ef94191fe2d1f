"""A device that reports where its vehicle is over a link that is bad: it keeps each point until it has an answer."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from deploy.local.simulation.patience import is_later, pause
from deploy.local.simulation.plan import Plan
from deploy.local.simulation.tracks import Spot

HELD_BACK: Final = 4
"""So many points later, at most, comes one that is held back."""
PATIENCE_S: Final = 60.0


@dataclass(slots=True)
class Log:
    """What became of a device's points. answered: what the server has said of each, by its time: accepted, or why not.

    counts: of points and deliveries, by what they are.
    """

    counts: Counter[str] = field(default_factory=Counter)
    answered: dict[datetime, str] = field(default_factory=dict)
    sent: dict[datetime, dict[str, Any]] = field(default_factory=dict)


class Device:
    """One device. Belongs to one task."""

    def __init__(self, client: httpx.AsyncClient, token: str, plan: Plan, chance: random.Random) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self._plan = plan
        self._chance = chance
        self._skew = timedelta(seconds=chance.uniform(-plan.skew_s, plan.skew_s))
        self._waiting: list[dict[str, Any]] = []
        self._held: list[tuple[int, dict[str, Any]]] = []
        self.log = Log()

    async def report(self, spot: Spot, speed_mps: float) -> None:
        """Note a place, and send what waits as far as the link carries it."""
        point = {
            "recorded_at": (datetime.now(UTC) + self._skew).isoformat(),
            "latitude": spot.latitude,
            "longitude": spot.longitude,
            "heading_deg": spot.heading_deg,
            "speed_mps": speed_mps,
            "accuracy_m": 5,
        }
        self.log.counts["points"] += 1
        self.log.sent[_time(point)] = point
        self._hold_or_queue(point)
        if len(self._waiting) >= self._plan.batch:
            await self._send_waiting()

    async def finish(self) -> None:
        """Send the rest until all is answered. Raises TimeoutError after a minute without an answer."""
        self._waiting += [point for _, point in self._held]
        self._held.clear()
        deadline = time.monotonic() + PATIENCE_S
        while self._waiting:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self._waiting)} points of a device have had no answer for {PATIENCE_S:.0f} s")
            await self._send_waiting()

    def _hold_or_queue(self, point: dict[str, Any]) -> None:
        self._held = [(left - 1, one) for left, one in self._held]
        if self._chance.random() < self._plan.reordering:
            self._held.append((self._chance.randint(1, HELD_BACK), point))
            self.log.counts["held back"] += 1
        else:
            self._waiting.append(point)
        self._waiting += [one for left, one in self._held if left <= 0]
        self._held = [(left, one) for left, one in self._held if left > 0]

    async def _send_waiting(self) -> None:
        while self._waiting:
            part = self._waiting[: self._plan.batch]
            if not await self._deliver(part):
                return
            del self._waiting[: len(part)]
            if self._chance.random() < self._plan.duplication:
                self.log.counts["sent twice"] += len(part)
                await self._deliver(part)

    async def _deliver(self, points: list[dict[str, Any]]) -> bool:
        """Whether the device has an answer now."""
        fate = self._chance.random()
        if fate < self._plan.loss / 2:
            self.log.counts["deliveries lost"] += 1
            return False
        answer: httpx.Response | None = None
        try:
            answer = await self._client.post("/v1/positions/batch", json=points, headers=self._headers)
        except httpx.TransportError:
            self.log.counts["deliveries without a server"] += 1
        if answer is None or is_later(answer):
            await pause(answer)
            return False
        self._note_counts(answer.raise_for_status().json())
        if fate < self._plan.loss:
            self.log.counts["answers lost"] += 1
            return False
        self._note_answers(points, answer.json())
        return True

    def _note_counts(self, taken: dict[str, Any]) -> None:
        for name in ("accepted", "duplicates", "rejected"):
            self.log.counts[name] += taken[name]
        for one in taken["rejections"]:
            self.log.counts[f"dropped as {one['reason']}"] += 1

    def _note_answers(self, points: list[dict[str, Any]], taken: dict[str, Any]) -> None:
        reasons = {one["index"]: one["reason"] for one in taken["rejections"]}
        for index, point in enumerate(points):
            # What was taken once stays taken, also where a repetition is refused.
            if self.log.answered.get(_time(point)) != "taken":
                self.log.answered[_time(point)] = reasons.get(index, "taken")


def _time(point: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(point["recorded_at"])


async def drive(device: Device, plan: Plan, spot_after: Any, begin_m: float, metres: float) -> float:
    """Report along the way until so many metres are driven; how far along it is then."""
    began = time.monotonic()
    ticks = 0
    while (driven := (time.monotonic() - began) * plan.speed_mps) < metres:
        await device.report(spot_after(begin_m + driven), plan.speed_mps)
        ticks += 1
        await asyncio.sleep(max(0.0, began + ticks * plan.interval_s - time.monotonic()))
    return begin_m + metres
