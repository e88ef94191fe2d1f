"""The relay's statements: which rows go out now, and which have to go out again.

They run on asyncpg directly: they are the hottest of the whole system, a handful, and set-based, so that mapping
them through SQLAlchemy would cost more than it gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from shared.contracts.lanes import Lane
from shared.runtime.wire import Parcel

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

# The receipt is awaited for twice the lane's hard limit, doubling with every send up to an hour.
CONFIRM_FACTOR: Final = 2
MAX_CONFIRM_S: Final = 3600

_WAITING: Final = """
    SELECT lane FROM unnest($1::text[]) AS open(lane)
     WHERE EXISTS (SELECT FROM outbox WHERE state = 0 AND outbox.lane = open.lane AND due_at <= now())
"""
_DUE: Final = """
    SELECT lane FROM unnest($1::text[]) AS own(lane)
     WHERE EXISTS (SELECT FROM inbox
                    WHERE state IN (1, 2, 3, 4) AND inbox.lane = own.lane AND due_at <= now() AND body IS NOT NULL)
"""

# Looking and marking are two statements, so that only what is really pushed is marked: a lane's window counts deliveries,
# and how many rows fill one is known only when its envelope is made. A single UPDATE … FROM would also be planned with a
# guess of how many rows a LIMIT that is no constant lets through, and end in a join with the whole table.
_LOOK_OUTBOX: Final = """
    SELECT id, name, row.lane, body::text, correlation_id, traceparent, occurred_at, sends + 1, isolate, due_at
      FROM unnest($1::text[], $2::int[]) AS open(lane, take)
     CROSS JOIN LATERAL (
           SELECT * FROM outbox
            WHERE state = 0 AND outbox.lane = open.lane AND due_at <= now()
            ORDER BY due_at, id LIMIT open.take FOR UPDATE SKIP LOCKED) AS row
"""
_MARK_OUTBOX: Final = """
    UPDATE outbox SET state = 1, sends = sends + 1, epoch = $2,
           confirm_by = now() + make_interval(secs => least(open.confirm_s * 2 ^ least(sends, 12), $5))
      FROM unnest($3::text[], $4::float8[]) AS open(lane, confirm_s)
     WHERE outbox.id = ANY($1::uuid[]) AND outbox.lane = open.lane
"""

_LOOK_INBOX: Final = """
    SELECT id, name, row.lane, source, body::text, correlation_id, traceparent, occurred_at, attempt,
           crashes + CASE WHEN state = 1 THEN 1 ELSE 0 END, due_at
      FROM unnest($1::text[], $2::int[]) AS open(lane, take)
     CROSS JOIN LATERAL (
           SELECT * FROM inbox
            WHERE state IN (1, 2, 3, 4) AND inbox.lane = open.lane AND due_at <= now() AND body IS NOT NULL
            ORDER BY due_at, id LIMIT open.take FOR UPDATE SKIP LOCKED) AS row
"""
_MARK_INBOX: Final = """
    UPDATE inbox SET epoch = $2, state = 3, lease_token = NULL, lease_owner = NULL,
           -- A lease that ran out is an attempt whose process vanished, or hangs.
           crashes = crashes + CASE WHEN state = 1 THEN 1 ELSE 0 END,
           due_at = now() + make_interval(secs => least(open.confirm_s, $5))
      FROM unnest($3::text[], $4::float8[]) AS open(lane, confirm_s)
     WHERE inbox.id = ANY($1::uuid[]) AND inbox.lane = open.lane
"""

_RESET_OLD_EPOCHS: Final = (
    "UPDATE outbox SET state = 0, confirm_by = NULL WHERE state = 1 AND epoch IS DISTINCT FROM $1",
    "UPDATE inbox SET due_at = now() WHERE state = 3 AND epoch IS DISTINCT FROM $1",
)

_RESET_UNCONFIRMED: Final = """
    UPDATE outbox SET state = 0, isolate = true, confirm_by = NULL
     WHERE id = ANY(ARRAY(SELECT id FROM outbox WHERE state = 1 AND confirm_by <= now()
                           ORDER BY confirm_by LIMIT 1000 FOR UPDATE SKIP LOCKED))
"""

_CONFIRM: Final = """
    DELETE FROM outbox WHERE id = ANY(ARRAY(
        SELECT id FROM outbox WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE))
"""


@dataclass(frozen=True, slots=True)
class Room:
    """What a lane has room for now. places: deliveries. take: rows, enough to fill them."""

    lane: Lane
    places: int
    take: int


async def waiting_lanes(connection: "PoolConnectionProxy[Any]", lanes: Sequence[str]) -> list[str]:
    """Those of `lanes` for which outbox rows are due. Cheaper than asking the broker about every lane each time."""
    return [row[0] for row in await connection.fetch(_WAITING, lanes)]


async def due_lanes(connection: "PoolConnectionProxy[Any]", lanes: Sequence[str]) -> list[str]:
    """Those of the own `lanes` for which inbox rows are due."""
    return [row[0] for row in await connection.fetch(_DUE, lanes)]


async def look_outbox(connection: "PoolConnectionProxy[Any]", rooms: Sequence[Room], service: str) -> list[Parcel]:
    """Lock and read what may go out now. The caller marks what it has sent in the same transaction, which frees the rest."""
    rows = await connection.fetch(_LOOK_OUTBOX, [room.lane.name for room in rooms], [room.take for room in rooms])
    return [
        Parcel(row[0], row[1], row[2], service, row[6], row[7], row[4], row[5], row[3], isolate=row[8], due_at=row[9])
        for row in rows
    ]


async def look_inbox(connection: "PoolConnectionProxy[Any]", rooms: Sequence[Room]) -> list[Parcel]:
    """The same for retries, leftovers, parked messages and expired leases."""
    rows = await connection.fetch(_LOOK_INBOX, [room.lane.name for room in rooms], [room.take for room in rooms])
    return [
        Parcel(
            row[0], row[1], row[2], row[3], row[7], row[8], row[5] or "", row[6] or "", row[4], isolate=row[9] > 0, due_at=row[10]
        )
        for row in rows
    ]


async def mark_outbox(
    connection: "PoolConnectionProxy[Any]", parcels: Sequence[Parcel], rooms: Sequence[Room], epoch: str, scale: float
) -> None:
    """These rows have been sent; their receipts are awaited."""
    await connection.execute(_MARK_OUTBOX, *_marks(parcels, rooms, epoch, scale))


async def mark_inbox(
    connection: "PoolConnectionProxy[Any]", parcels: Sequence[Parcel], rooms: Sequence[Room], epoch: str, scale: float
) -> None:
    """These rows are queued on the own lane."""
    await connection.execute(_MARK_INBOX, *_marks(parcels, rooms, epoch, scale))


def _marks(parcels: Sequence[Parcel], rooms: Sequence[Room], epoch: str, scale: float) -> tuple[Any, ...]:
    confirms = [room.lane.hard_limit_s * CONFIRM_FACTOR * scale for room in rooms]
    return [parcel.id for parcel in parcels], epoch, [room.lane.name for room in rooms], confirms, MAX_CONFIRM_S * scale


async def reset_old_epochs(connection: "PoolConnectionProxy[Any]", epoch: str) -> int:
    """The broker lost data, or may have: what was sent in older epochs goes out again. Returns how many rows."""
    return sum([_count(await connection.execute(statement, epoch)) for statement in _RESET_OLD_EPOCHS])


async def reset_unconfirmed(connection: "PoolConnectionProxy[Any]") -> int:
    """What nobody confirmed in time goes out again, alone, in case it is what killed its consumer."""
    return _count(await connection.execute(_RESET_UNCONFIRMED))


async def confirm(connection: "PoolConnectionProxy[Any]", ids: Sequence[str]) -> int:
    """Delete the rows whose consumer holds the message durably."""
    return _count(await connection.execute(_CONFIRM, ids))


async def paused_lanes(connection: "PoolConnectionProxy[Any]") -> frozenset[str]:
    """The lanes to which this service sends nothing for now."""
    return frozenset(row[0] for row in await connection.fetch("SELECT lane FROM lane_pauses"))


async def lane_limits(connection: "PoolConnectionProxy[Any]") -> dict[str, float]:
    """How many messages a second this service sends to lanes at most, where somebody has set that."""
    return {row[0]: row[1] for row in await connection.fetch("SELECT lane, per_s FROM lane_limits")}


async def lane_pools(connection: "PoolConnectionProxy[Any]") -> dict[str, int]:
    """How many children the workers of own lanes have, where somebody has set that."""
    return {row[0]: row[1] for row in await connection.fetch("SELECT lane, size FROM lane_pools ORDER BY lane")}


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])
