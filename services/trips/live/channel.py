"""The Redis streams through which all API processes tell the same of trips.

    live:trips:events          what is told, of all trips: the order, and what each process reads with one connection
    live:trips:trip:<id>       the same of one trip, under the same ids: for those who come again
    live:trips:version:<id>    up to which version the statuses of a trip have been told
    live:trips:place:<id>      up to which moment the places of a trip have been told, and from when on the next one may be
    live:trips:sequence        a number without gaps, by which a reader sees that it was too slow

Redis is disposable: who asks for what it has lost is told so, and begins anew from the database.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from services.trips.live.events import START, EventId, LiveEvent, decoded, parse_id, redis_id
from shared.runtime import broker

if TYPE_CHECKING:
    import redis.asyncio as redis

PREFIX: Final = "live:trips"
EVENTS: Final = f"{PREFIX}:events"
SEQUENCE: Final = f"{PREFIX}:sequence"
MOST_READ: Final = 500
"""How many entries are read at once."""
KEPT_S: Final = 900
"""How long a trip's events are kept after its last one, and so how old an id may be."""
VERSION_KEPT_S: Final = 4 * KEPT_S
"""How long it is remembered which status of a trip was told, after a process was last concerned with it."""
MOST_OF_TRIP: Final = 1200
"""Ten minutes at two positions a second."""
MOST_EVENTS: Final = 5000
"""Of the stream that processes read: minutes of it, where they lag by milliseconds."""
MOST_AT_ONCE: Final = 500
"""Places that are told in one entry."""
BETWEEN_S: Final = 0.5
"""The time between two places of a trip, whichever processes tell them."""
PLACE_KEPT_S: Final = 86_400
"""How long it is remembered which place of a trip was told: far longer than an id is good for, so that nobody gets it twice."""

Told = tuple[str, str, str | int, Any]
"""`(trip, kind, rank, data)`: what a LiveEvent holds, with its data as JSON values."""

# One entry for what is told at one moment of many trips, and one for each of them. Of a trip only what is newer than what was
# told, and not before its time. KEYS: the stream, the sequence, then for each trip its own stream and its place. ARGV: the
# milliseconds between two places, then for each trip the moment in microseconds and what is told. Returns for each the
# milliseconds for which it is too early.
_TELL: Final = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local waits, told, events = {{}}, {{}}, {{}}
for i = 1, #KEYS / 2 - 1 do
    local known = redis.call('GET', KEYS[2 * i + 2]) or '0 0'
    local newest, not_before = string.match(known, '(%d+) (%d+)')
    waits[i] = 0
    if tonumber(ARGV[2 * i]) > tonumber(newest) then
        waits[i] = math.max(0, tonumber(not_before) - now)
        if waits[i] == 0 then
            told[#told + 1] = i
            events[#events + 1] = ARGV[2 * i + 1]
        end
    end
end
if #told > 0 then
    local number = redis.call('INCR', KEYS[2])
    local entry = '[' .. table.concat(events, ',') .. ']'
    local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', {MOST_EVENTS}, '*', 'n', number, 'e', entry)
    for _, i in ipairs(told) do
        redis.call('XADD', KEYS[2 * i + 1], 'MAXLEN', '~', {MOST_OF_TRIP}, id, 'e', ARGV[2 * i + 1])
        redis.call('EXPIRE', KEYS[2 * i + 1], {KEPT_S})
        local next_ms = string.format('%.0f', now + ARGV[1])
        redis.call('SET', KEYS[2 * i + 2], ARGV[2 * i] .. ' ' .. next_ms, 'EX', {PLACE_KEPT_S})
    end
end
return waits
"""

# Each status once and in order, whichever process has seen it first. ARGV: the version that was told where nobody remembers, then
# pairs of a version and what it says. Returns until where it had been told.
_TELL_STATUSES: Final = f"""
local before = tonumber(redis.call('GET', KEYS[3]) or ARGV[1])
local last = before
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
redis.call('SET', KEYS[3], last, 'EX', {VERSION_KEPT_S})
return before
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was told at one moment. number: of the sequence."""

    id: EventId
    number: int
    events: Sequence[LiveEvent]


class LiveChannel:
    """Tells and reads. Raises BROKER_ERRORS while Redis is away."""

    def __init__(self, client: "redis.Redis", time_factor: float = 1.0) -> None:
        self._client = client
        self._between_ms = round(BETWEEN_S * time_factor * 1000)
        self._tell = client.register_script(_TELL)
        self._tell_statuses = client.register_script(_TELL_STATUSES)

    async def tell(self, places: Sequence[Told]) -> list[float]:
        """Tell one place of each of these trips, in one entry.

        Returns for each in how many seconds it may be told where it is too early, else 0: it is told, or no newer than what was.
        """
        keys, args = [EVENTS, SEQUENCE], [str(self._between_ms).encode()]
        for one in places:
            keys += [_trip_key(one[0]), f"{PREFIX}:place:{one[0]}"]
            args += [_microseconds(str(one[2])), orjson.dumps(one)]
        return [wait_ms / 1000 for wait_ms in await self._tell(keys=keys, args=args)]

    async def tell_statuses(self, trip_id: str, from_version: int, told: Mapping[int, Told]) -> int:
        """Tell what has not been told of these statuses, by version and in order. Returns the version that had been told before.

        from_version: what counts as told where nobody remembers.
        """
        keys = [EVENTS, SEQUENCE, _version_key(trip_id), _trip_key(trip_id)]
        pairs = [part for version, one in sorted(told.items()) for part in (version, orjson.dumps(one))]
        return int(await self._tell_statuses(keys=keys, args=[from_version, *pairs]))

    async def remember(self, versions: Mapping[str, int]) -> None:
        """Go on remembering which statuses have been told, by trip; these where nobody does any more."""
        async with self._client.pipeline(transaction=False) as pipe:
            for trip_id, version in versions.items():
                pipe.set(_version_key(trip_id), version, nx=True)
                pipe.expire(_version_key(trip_id), VERSION_KEPT_S)
            await pipe.execute()

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
        found: Any = await self._client.xread({EVENTS: redis_id(after)}, count=MOST_READ, block=block_ms)
        if not found:
            return []
        # One stream was asked for: `{name: [entries]}` or `[[name, entries]]`, by the protocol's version.
        entries = next(iter(found.values()))[0] if isinstance(found, dict) else found[0][1]
        return [_entry(raw_id, fields) for raw_id, fields in entries]

    async def since(self, trip_ids: Sequence[str], after: EventId) -> list[LiveEvent] | None:
        """What was told of these trips after that, in order; None where not all of it is kept any more, or it is yet to come."""
        async with self._client.pipeline(transaction=True) as pipe:
            for trip_id in trip_ids:
                pipe.xrange(_trip_key(trip_id), count=1)
                pipe.xlen(_trip_key(trip_id))
                pipe.xrange(_trip_key(trip_id), min=f"({redis_id(after)}")
            pipe.xrevrange(EVENTS, count=1)
            pipe.time()
            *answers, newest, (seconds, microseconds) = await pipe.execute()
        # Ids go on from the newest one also where the clock was set back.
        if after > max(parse_id(newest[0][0].decode()) if newest else START, (seconds * 1000 + microseconds // 1000, 0)):
            return None
        events: list[LiveEvent] = []
        for first, length, entries in zip(answers[::3], answers[1::3], answers[2::3], strict=True):
            if length >= MOST_OF_TRIP and parse_id(first[0][0].decode()) > after:
                return None
            for raw_id, fields in entries:
                events.append(decoded(parse_id(raw_id.decode()), orjson.loads(fields[b"e"])))
        return sorted(events, key=lambda event: event.id or after)


def _trip_key(trip_id: str) -> str:
    return f"{PREFIX}:trip:{trip_id}"


def _version_key(trip_id: str) -> str:
    return f"{PREFIX}:version:{trip_id}"


def _microseconds(moment: str) -> bytes:
    """The rank of a place as a number: texts Lua compares by the server's locale."""
    return str(round(datetime.fromisoformat(moment).timestamp() * 1_000_000)).encode()


def _entry(raw_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    event_id = parse_id(raw_id.decode())
    return Entry(event_id, int(fields[b"n"]), [decoded(event_id, told) for told in orjson.loads(fields[b"e"])])
