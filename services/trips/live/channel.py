"""The Redis streams through which all API processes tell the same of trips.

    live:trips:events          what is told, of all trips: the order, and what each process reads with one connection
    live:trips:trip:<id>       the same of one trip, under the same ids: for those who come again
    live:trips:version:<id>    up to which version the statuses of a trip have been told
    live:trips:sequence        a number without gaps, by which a reader sees that it was too slow

Redis is disposable: who asks for what it has lost is told so, and begins anew from the database.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.trips.live.events import EventId, LiveEvent, decoded, parse_id, redis_id
from shared.runtime import broker

if TYPE_CHECKING:
    import redis.asyncio as redis

PREFIX: Final = "live:trips"
EVENTS: Final = f"{PREFIX}:events"
SEQUENCE: Final = f"{PREFIX}:sequence"
KEPT_S: Final = 900
"""How long a trip's events are kept after its last one, and so how old an id may be."""
MOST_OF_TRIP: Final = 1200
"""Ten minutes at two positions a second."""
MOST_EVENTS: Final = 5000
"""Of the stream that processes read: minutes of it, where they lag by milliseconds."""

Told = tuple[str, str, str | int, Any]
"""`(trip, kind, rank, data)`: what a LiveEvent holds, with its data as JSON values."""

# One entry for what is told at one moment of many trips, and one for each of them.
_TELL: Final = f"""
local number = redis.call('INCR', KEYS[2])
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', {MOST_EVENTS}, '*', 'n', number, 'e', '[' .. table.concat(ARGV, ',') .. ']')
for i = 3, #KEYS do
    redis.call('XADD', KEYS[i], 'MAXLEN', '~', {MOST_OF_TRIP}, id, 'e', ARGV[i - 2])
    redis.call('EXPIRE', KEYS[i], {KEPT_S})
end
return id
"""

# Each status once and in order, whichever process has seen it first. ARGV: the version that was told where nobody remembers, then
# pairs of a version and what it says.
_TELL_STATUSES: Final = f"""
local last = tonumber(redis.call('GET', KEYS[3]) or ARGV[1])
for i = 2, #ARGV, 2 do
    local version = tonumber(ARGV[i])
    if version > last then
        local number = redis.call('INCR', KEYS[2])
        local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', {MOST_EVENTS}, '*', 'n', number, 'e', '[' .. ARGV[i + 1] .. ']')
        redis.call('XADD', KEYS[4], 'MAXLEN', '~', {MOST_OF_TRIP}, id, 'e', ARGV[i + 1])
        redis.call('EXPIRE', KEYS[4], {KEPT_S})
        last = version
    end
end
redis.call('SET', KEYS[3], last, 'EX', {4 * KEPT_S})
return last
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was told at one moment. number: of the sequence."""

    id: EventId
    number: int
    events: Sequence[LiveEvent]


class LiveChannel:
    """Tells and reads. Raises BROKER_ERRORS while Redis is away."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._tell = client.register_script(_TELL)
        self._tell_statuses = client.register_script(_TELL_STATUSES)

    async def tell(self, told: Sequence[Told]) -> None:
        """Tell one thing of each of these trips, in one entry."""
        keys = [EVENTS, SEQUENCE, *(_trip_key(one[0]) for one in told)]
        await self._tell(keys=keys, args=[orjson.dumps(one) for one in told])

    async def tell_statuses(self, trip_id: str, from_version: int, told: Mapping[int, Told]) -> int:
        """Tell what has not been told of these statuses, by version and in order. Returns the version told last.

        from_version: what counts as told where nobody remembers.
        """
        keys = [EVENTS, SEQUENCE, f"{PREFIX}:version:{trip_id}", _trip_key(trip_id)]
        pairs = [part for version, one in sorted(told.items()) for part in (version, orjson.dumps(one))]
        return int(await self._tell_statuses(keys=keys, args=[from_version, *pairs]))

    async def epoch(self) -> str:
        """Eight digits that are others once Redis may have lost anything."""
        return hashlib.sha256((await broker.current_epoch(self._client)).encode()).hexdigest()[:8]

    async def end(self) -> tuple[EventId, int, int]:
        """(the id from which on something is new, the sequence's number there, Redis' clock in milliseconds)."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.xrevrange(EVENTS, count=1)
            pipe.time()
            newest, (seconds, microseconds) = await pipe.execute()
        now_ms = seconds * 1000 + microseconds // 1000
        if newest:
            return parse_id(newest[0][0].decode()), int(newest[0][1][b"n"]), now_ms
        # Nothing has been told yet. What is told in this very millisecond has its number 0.
        return (now_ms - 1, 0), 0, now_ms

    async def read(self, after: EventId, block_ms: int) -> list[Entry]:
        """What was told after that, waiting for it."""
        found: Any = await self._client.xread({EVENTS: redis_id(after)}, count=500, block=block_ms)
        if not found:
            return []
        # One stream was asked for: `{name: [entries]}` or `[[name, entries]]`, by the protocol's version.
        entries = next(iter(found.values()))[0] if isinstance(found, dict) else found[0][1]
        return [_entry(raw_id, fields) for raw_id, fields in entries]

    async def since(self, trip_ids: Sequence[str], after: EventId) -> list[LiveEvent] | None:
        """What was told of these trips after that, in order; None where not all of it is kept any more."""
        async with self._client.pipeline(transaction=True) as pipe:
            for trip_id in trip_ids:
                pipe.xrange(_trip_key(trip_id), count=1)
                pipe.xlen(_trip_key(trip_id))
                pipe.xrange(_trip_key(trip_id), min=f"({redis_id(after)}")
            answers = await pipe.execute()
        events: list[LiveEvent] = []
        for first, length, entries in zip(answers[::3], answers[1::3], answers[2::3], strict=True):
            if length >= MOST_OF_TRIP and parse_id(first[0][0].decode()) > after:
                return None
            for raw_id, fields in entries:
                events.append(decoded(parse_id(raw_id.decode()), orjson.loads(fields[b"e"])))
        return sorted(events, key=lambda event: event.id or after)


def _trip_key(trip_id: str) -> str:
    return f"{PREFIX}:trip:{trip_id}"


def _entry(raw_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    event_id = parse_id(raw_id.decode())
    return Entry(event_id, int(fields[b"n"]), [decoded(event_id, told) for told in orjson.loads(fields[b"e"])])
