"""Sending: fill the window of every lane from the tables, one transaction and one pipeline at a time."""

import asyncio
import socket
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import redis.asyncio as redis
from prometheus_client import Counter

from shared.contracts.lanes import LANES, lanes_of
from shared.contracts.registry import messages
from shared.runtime import broker
from shared.runtime.failpoints import failpoint
from shared.runtime.metrics import REGISTRY
from shared.runtime.relay import claims
from shared.runtime.relay.allowance import Allowances
from shared.runtime.wire import Envelope, envelopes

if TYPE_CHECKING:
    import asyncpg

MIN_WINDOW: Final = 2
INBOX_PLACES: Final = 1
"""Places beyond the window that only inbox rows take. Under load the outbox fills each place within milliseconds, and what
waits to be tried again would find none until the load ends."""
MAX_TAKE: Final = 1000
SLOTS_KEPT_S: Final = 2.0
FULL_AGAIN_S: Final = 0.005
MAX_PUSH_BYTES: Final = 16 * 1024 * 1024

SENT: Final = Counter(
    "celery_task_sent", "Messages that a relay pushed to a lane.", ("name", "hostname", "queue_name"), registry=REGISTRY
)


class Sender:
    """Claims due rows and pushes them to their lanes, as far as each lane's window allows.

    A lane's window is max(2, slots) deliveries, slots being what its workers have registered. It is what
    keeps latency low and lets the backlog coalesce: the longer rows wait here, the larger the batches become.
    Inbox rows have one place more, so that new messages cannot keep retries out.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", client: "redis.Redis", service: str, *, scale: float = 1.0) -> None:
        self._pool = pool
        self._redis = client
        self._service = service
        self._hostname = f"{service}-relay@{socket.gethostname()}"
        self._scale = scale
        self._max_batch = {name: message.contract.max_batch for name, message in messages().items()}
        self._fills = {
            name: max((m.contract.max_batch for m in messages().values() if lane in m.contract.lanes), default=1)
            for name, lane in LANES.items()
        }
        self._own = frozenset(lane.name for lane in lanes_of(service))
        self._slots: dict[str, int] = {}
        self._slots_read_at = 0.0
        self._last_sent: dict[str, float] = {}
        self.epoch: str | None = None
        self.paused: frozenset[str] = frozenset()
        self.allowances = Allowances()
        self.pending = asyncio.Event()

    async def send_outbox(self) -> tuple[int, float]:
        """Send what is due. Returns how many rows went out, and in how many seconds a held-back lane reopens.

        0.0 seconds means that more may be waiting already; infinity that nothing is held back.
        """
        lanes, reopens_s = self._not_lingering()
        async with self._pool.acquire() as connection:
            waiting = await claims.waiting_lanes(connection, lanes)
        if not waiting:
            return 0, reopens_s
        rooms = await self._rooms(waiting)
        if len(rooms) < len(waiting):
            reopens_s = min(reopens_s, FULL_AGAIN_S)
        if not rooms:
            return 0, reopens_s
        sent, left = await self._send(rooms, inbox=False)
        if left:
            return sum(sent.values()), FULL_AGAIN_S
        full = any(sent.get(room.lane.name, 0) >= room.take for room in rooms)
        return sum(sent.values()), 0.0 if full else reopens_s

    async def send_inbox(self) -> int:
        """Send retries, leftovers, parked messages and expired leases that are due to the own lanes."""
        async with self._pool.acquire() as connection:
            due = await claims.due_lanes(connection, [name for name in self._own if name not in self.paused])
        rooms = await self._rooms(due, beyond=INBOX_PLACES)
        if not rooms:
            return 0
        sent, _ = await self._send(rooms, inbox=True)
        return sum(sent.values())

    async def _send(self, rooms: list[claims.Room], *, inbox: bool) -> tuple[dict[str, int], bool]:
        """Fill the rooms. Returns how many rows went out to each lane, and whether rows were left that did not fit."""
        if self.epoch is None:
            self.epoch = await broker.current_epoch(self._redis)
        # One transaction around look, push and mark: a push that fails leaves the rows as they were, and a crash before
        # the commit sends them twice, which the inbox makes harmless.
        async with self._pool.acquire() as connection, connection.transaction():
            look = claims.look_inbox(connection, rooms) if inbox else claims.look_outbox(connection, rooms, self._service)
            found = await look
            fitting = _fitting(envelopes(found, self._max_batch), rooms)
            if not fitting:
                return {}, False
            failpoint("relay.claimed")
            async with self._redis.pipeline(transaction=False) as pipe:
                for envelope in fitting:
                    pipe.lpush(envelope.lane, envelope.data)
                await pipe.execute()
            failpoint("relay.pushed")
            parcels = [parcel for envelope in fitting for parcel in envelope.parcels]
            mark = claims.mark_inbox if inbox else claims.mark_outbox
            await mark(connection, parcels, rooms, self.epoch, self._scale)
        failpoint("relay.marked")
        for envelope in fitting:
            SENT.labels(envelope.parcels[0].name, self._hostname, envelope.lane).inc(len(envelope.parcels))
        sent: dict[str, int] = {}
        now = time.monotonic()
        for parcel in parcels:
            sent[parcel.lane] = sent.get(parcel.lane, 0) + 1
            self._last_sent[parcel.lane] = now
        for lane, count in sent.items():
            self.allowances.spend(lane, count)
        return sent, len(parcels) < len(found)

    def _not_lingering(self) -> tuple[list[str], float]:
        """The lanes that may be looked at now, and in how many seconds the next one may."""
        now = time.monotonic()
        lanes: list[str] = []
        reopens_s = float("inf")
        for name, lane in LANES.items():
            if name in self.paused:
                continue
            lingers_s = self._last_sent.get(name, 0.0) + lane.linger_ms / 1000 - now
            if lingers_s > 0:
                reopens_s = min(reopens_s, lingers_s)
            else:
                lanes.append(name)
        return lanes, reopens_s

    async def _rooms(self, names: Sequence[str], *, beyond: int = 0) -> list[claims.Room]:
        """How much each lane takes now; a lane that is full, its window and so many places `beyond`, is left out."""
        if not names:
            return []
        await self._read_slots(time.monotonic())
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.llen(name)
            lengths = await pipe.execute()
        held = dict(zip(names, lengths, strict=True))
        free = {name: max(MIN_WINDOW, self._slots.get(name, 0)) + beyond - length for name, length in held.items()}
        rooms = [
            claims.Room(LANES[name], places, self._take(name, places * self._fills[name]))
            for name, places in free.items()
            if places > 0
        ]
        return [room for room in rooms if room.take > 0]

    def _take(self, name: str, wanted: int) -> int:
        allowed = self.allowances.of(name)
        return min(MAX_TAKE, wanted if allowed is None else min(wanted, allowed))

    async def _read_slots(self, now: float) -> None:
        if now - self._slots_read_at < SLOTS_KEPT_S * self._scale:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in LANES:
                pipe.zrangebyscore(broker.slots_key(name), time.time(), "+inf")
            found = await pipe.execute()
        self._slots = {name: sum(map(broker.slots_of, members)) for name, members in zip(LANES, found, strict=True)}
        self._slots_read_at = now


def _fitting(made: Iterable[Envelope], rooms: Sequence[claims.Room]) -> list[Envelope]:
    """As many deliveries of each lane as it has places for, and not more bytes at once than the relay wants to hold."""
    places = {room.lane.name: room.places for room in rooms}
    fitting: list[Envelope] = []
    size = 0
    for envelope in made:
        if places[envelope.lane] <= 0 or size > MAX_PUSH_BYTES:
            continue
        places[envelope.lane] -= 1
        size += len(envelope.data)
        fitting.append(envelope)
    return fitting
