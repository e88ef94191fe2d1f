"""What the database says of trips to those who follow them: nobody's name, no address."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from services.trips.live.channel import Told
from services.trips.live.places import place_facts
from services.trips.live.repository import LiveReader
from services.trips.positions.plausibility import Limits
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession
from shared.runtime.group_commit import GroupCommit

GATHER_S: Final = 0.005
TOGETHER: Final = 500
CAPACITY: Final = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How trips stand. told: by trip and kind, what nothing up to it need be told any more."""

    trips: list[dict[str, Any]]
    told: dict[tuple[str, str], str | int]


class TripStatuses:
    """Reads in transactions of its own, and holds none while followers wait.

    When a server restarts, all its followers come again at once. Those who come together are read for together.
    """

    def __init__(self, read: Callable[[], AbstractAsyncContextManager[ReadSession]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._standing = GroupCommit(self._read_standing, linger_s=GATHER_S, most=TOGETHER, capacity=CAPACITY)
        self._owners = GroupCommit(self._read_owners, linger_s=GATHER_S, most=TOGETHER, capacity=CAPACITY)

    async def are_visible(self, trip_ids: Sequence[str], organization_id: UUID | None) -> bool:
        """Whether there are all of these trips, and all are this organization's; None sees every organization's."""
        owners = await self._owners.submit(trip_ids)
        return all(owner is not None and organization_id in (None, owner) for owner in owners)

    async def versions(self, trip_ids: Collection[str]) -> Mapping[str, int]:
        """The versions that trips have now."""
        if not trip_ids:
            return {}
        async with self._read() as session:
            return await LiveReader(session).versions(trip_ids)

    async def changes(self, after: Mapping[str, int]) -> Mapping[str, Mapping[int, Told]]:
        """What became of trips after these versions, by trip and version."""
        async with self._read() as session:
            rows = await LiveReader(session).changes(after)
        found: dict[str, dict[int, Told]] = {}
        for row in rows:
            found.setdefault(row.trip_id, {})[row.number] = (row.trip_id, "status", row.number, _change(row))
        return found

    async def places(self, after: Mapping[str, str | None]) -> Sequence[Told]:
        """The newest places of trips, where they are newer than these moments."""
        if not after:
            return []
        known = {trip_id: datetime.fromisoformat(at) if at is not None else None for trip_id, at in after.items()}
        async with self._read() as session:
            rows = await LiveReader(session).places(known, self._since())
        return [(row.trip_id, "position", _rank(row), place_facts(row.trip_id, row)) for row in rows]

    async def snapshot(self, trip_ids: Collection[str]) -> Snapshot:
        """How these trips stand."""
        rows = [row for row in await self._standing.submit(sorted(trip_ids)) if row is not None]
        told: dict[tuple[str, str], str | int] = {(row.trip_id, "status"): row.version for row in rows}
        told |= {(row.trip_id, "position"): _rank(row) for row in rows if row.recorded_at}
        return Snapshot([_standing(row) for row in rows], told)

    def _since(self) -> datetime:
        return self._clock() - Limits().kept

    async def _read_standing(self, trip_ids: Sequence[str]) -> list[Row[Any] | None]:
        async with self._read() as session:
            found = {row.trip_id: row for row in await LiveReader(session).snapshot(set(trip_ids), self._since())}
        return [found.get(trip_id) for trip_id in trip_ids]

    async def _read_owners(self, trip_ids: Sequence[str]) -> list[UUID | None]:
        async with self._read() as session:
            found = await LiveReader(session).owners(set(trip_ids))
        return [found.get(trip_id) for trip_id in trip_ids]


def _rank(row: Row[Any]) -> str:
    rank: str = row.recorded_at.astimezone(UTC).isoformat()
    return rank


def _change(row: Row[Any]) -> dict[str, Any]:
    return {
        "trip_id": row.trip_id,
        "version": row.number,
        "status": row.to_status,
        "previous_status": row.from_status,
        "reason": row.reason,
        "message": row.message,
        "at": _moment(row.at),
    }


def _standing(row: Row[Any]) -> dict[str, Any]:
    return {
        "trip_id": row.trip_id,
        "number": row.number,
        "status": row.status,
        "version": row.version,
        "at": _moment(row.status_at),
        "pickup_at": _moment(row.pickup_at),
        "dropoff_at": _moment(row.dropoff_at),
        "started_at": _moment(row.started_at),
        "ended_at": _moment(row.ended_at),
        "history": row.history,
        "position": place_facts(row.trip_id, row) if row.recorded_at else None,
    }


def _moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value is not None else None
