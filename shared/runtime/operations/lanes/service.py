"""What waits in lanes, and the hand on it."""

from typing import Any

from shared.contracts.lanes import LANES
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.lanes.errors import LaneNotFound, LaneNotOwned
from shared.runtime.operations.lanes.in_broker import Counts
from shared.runtime.operations.lanes.repository import LaneControl, LaneRepository
from shared.runtime.operations.lanes.schemas import LaneView, Pause, PoolSize, Purged, RateLimit

_NOTHING = {
    "outbox_waiting": 0,
    "outbox_later": 0,
    "outbox_unconfirmed": 0,
    "outbox_oldest_s": None,
    "inbox_due": 0,
    "inbox_waiting": 0,
    "inbox_leased": 0,
}


async def survey(lanes: LaneRepository, in_broker: Counts, service: str) -> list[LaneView]:
    """Every lane as `service` sees it: its own first, the highest rank first."""
    backlog, pauses = await lanes.backlog(), await lanes.pauses()
    limits, pools = await lanes.settings()
    found = []
    for name, lane in sorted(LANES.items(), key=lambda each: (each[1].owner != service, -each[1].rank, each[0])):
        counts = {**_NOTHING, **backlog.get(name, {})}
        paused = Pause.model_validate(pauses[name]) if name in pauses else None
        length, slots = in_broker[name]
        limit = RateLimit.model_validate(limits[name]) if name in limits else None
        pool = PoolSize.model_validate(pools[name]) if name in pools else None
        about: dict[str, Any] = {"lane": name, "owner": lane.owner, "rank": lane.rank, "limit": limit, "pool": pool}
        found.append(LaneView(**about, paused=paused, in_broker=length, slots=slots, **counts))
    return found


class LaneOperations:
    """Changes by one operator in one unit of work. Each raises LaneNotFound."""

    def __init__(self, lanes: LaneControl, audit: AuditLog) -> None:
        self._lanes = lanes
        self._audit = audit

    async def pause(self, lane: str, reason: str) -> None:
        """Let this service send nothing to `lane`; its relay looks twice a second."""
        _known(lane)
        await self._lanes.pause(lane, reason, self._audit.actor)
        await self._audit.write("lane.pause", lane, reason)

    async def resume(self, lane: str, reason: str) -> None:
        """Let this service send to `lane` again."""
        _known(lane)
        await self._lanes.resume(lane)
        await self._audit.write("lane.resume", lane, reason)

    async def limit(self, lane: str, per_s: float | None, reason: str) -> None:
        """Let this service send so many messages a second to `lane` at most; None for no limit."""
        _known(lane)
        await self._lanes.limit(lane, per_s, reason, self._audit.actor)
        await self._audit.write("lane.limit_rate", lane, reason, per_s=per_s)

    async def size(self, lane: str, size: int | None, reason: str, service: str) -> None:
        """Let each worker of an own `lane` have so many children; None for as many as it was started with.

        Raises LaneNotOwned, too.
        """
        _known(lane)
        if LANES[lane].owner != service:
            raise LaneNotOwned(f"the workers of {lane} are {LANES[lane].owner}'s: ask that service")
        await self._lanes.size(lane, size, reason, self._audit.actor)
        await self._audit.write("lane.size_pool", lane, reason, size=size)

    async def purge(self, lane: str, reason: str, *, dry_run: bool) -> Purged:
        """Cancel what waits for `lane` in this service's tables. What is with a worker or in the broker goes on."""
        _known(lane)
        if dry_run:
            outbox, inbox = await self._lanes.waiting(lane)
            return Purged(outbox=outbox, inbox=inbox, left=outbox + inbox, undo_id=None)
        change = uuid7()
        outbox, inbox = await self._lanes.purge(lane, change)
        # An undo that has nothing to take back would be refused as one that came too late.
        undo_id = change if outbox or inbox else None
        await self._audit.write("lane.purge", lane, reason, undo_id=undo_id, outbox=outbox, inbox=inbox)
        return Purged(outbox=outbox, inbox=inbox, left=sum(await self._lanes.waiting(lane)), undo_id=undo_id)


def _known(lane: str) -> None:
    if lane not in LANES:
        raise LaneNotFound(f"there is no such lane; the lanes are {', '.join(LANES)}")
