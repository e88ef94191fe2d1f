"""Writing reported points: what is implausible is dropped and counted, what is known already is left alone, the rest is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.trips.positions.plausibility import Plausibility
from services.trips.positions.point_models import Known, Point, Refusal, Reporter
from services.trips.positions.writing_repository import Latest, Moved, PositionRepository

Report = tuple[Reporter, Point | Refusal]
"""A point, or what was wrong with it already, and who has sent it."""
Outcome = Literal["accepted", "duplicate"] | Refusal


@dataclass(slots=True)
class Recorded:
    """What became of reports. outcomes: one for each, in their order. moved: places that are the newest of their vehicles."""

    outcomes: list[Outcome]
    moved: list[tuple[Moved, Point]] = field(default_factory=list)


class Recording:
    """Writes in one unit of work."""

    def __init__(self, positions: PositionRepository, plausibility: Plausibility) -> None:
        self._positions = positions
        self._plausibility = plausibility

    async def record(self, reports: Sequence[Report], now: datetime) -> Recorded:
        """Write what can be true of what was reported, in the order of time, whatever the order of arrival."""
        outcomes: list[Outcome] = ["duplicate"] * len(reports)
        kept, dropped = await self._sorted_out(reports, now)
        for number, refusal in dropped.items():
            outcomes[number] = refusal
        recorded = Recorded(outcomes)
        if kept:
            await self._write(reports, kept, recorded, now)
        if dropped:
            await self._positions.note_drops([(reports[number][0], refusal) for number, refusal in dropped.items()], now)
        return recorded

    async def _sorted_out(self, reports: Sequence[Report], now: datetime) -> tuple[list[int], dict[int, Refusal]]:
        """The numbers of the reports that may be written, no two of one vehicle and time, and those that may not.

        Of those of one vehicle and time the first one that can be true stands; the others are duplicates.
        """
        dropped: dict[int, Refusal] = {}
        named: list[int] = []
        for number, (_, point) in enumerate(reports):
            if isinstance(point, Refusal):
                dropped[number] = point
            elif wrong := self._plausibility.alone(point, now):
                dropped[number] = Refusal(*wrong, point.sample())
            elif point.trip_id is not None:
                named.append(number)
        if named:
            dropped |= await self._of_no_trip(reports, named)
        left = [number for number in range(len(reports)) if number not in dropped]
        kept = await self._without_jumps(reports, sorted(left, key=lambda number: _key(reports[number])), dropped)
        return kept, dropped

    async def _of_no_trip(self, reports: Sequence[Report], numbers: Sequence[int]) -> dict[int, Refusal]:
        """Points that name a trip which is not their vehicle's, or has ended before them."""
        points = {number: _point(reports[number]) for number in numbers}
        trips = await self._positions.trips(sorted({point.trip_id for point in points.values() if point.trip_id is not None}))
        dropped: dict[int, Refusal] = {}
        for number, point in points.items():
            trip = trips.get(point.trip_id) if point.trip_id is not None else None
            if trip is None or trip.vehicle_id != reports[number][0].vehicle_id:
                said = "trip_id names no trip that this vehicle drives; leave it out, and the trip is found by the time"
                dropped[number] = Refusal("trip_unknown", said, point.sample())
            elif trip.ended_at is not None and trip.ended_at < point.recorded_at:
                said = "the trip had ended before recorded_at; stop reporting for it"
                dropped[number] = Refusal("trip_ended", said, point.sample())
        return dropped

    async def _without_jumps(self, reports: Sequence[Report], numbers: Sequence[int], dropped: dict[int, Refusal]) -> list[int]:
        """Those of the points, in the order of vehicle and time, that are no jump, one of each. Adds the jumps to `dropped`.

        One point that jumps is dropped and remembered. Where the next one is near it, the vehicle is there.
        """
        latest = await self._positions.hold_latest(sorted({reports[number][0].vehicle_id for number in numbers}))
        kept: list[int] = []
        jumped: dict[UUID, Point] = {}
        standing: tuple[UUID, datetime] | None = None
        for number in numbers:
            key = _key(reports[number])
            if key == standing:
                continue
            vehicle_id, point = reports[number][0].vehicle_id, _point(reports[number])
            place = Known(point.recorded_at, point.latitude, point.longitude)
            before = latest.get(vehicle_id)
            is_newest = before is None or point.recorded_at > before.place.at
            if before is None or self._may_follow(point, before):
                kept.append(number)
                standing = key
                if is_newest:
                    latest[vehicle_id] = Latest(place, None)
                    jumped.pop(vehicle_id, None)
                continue
            dropped[number] = _jump(point)
            if is_newest:
                latest[vehicle_id] = Latest(before.place, place)
                jumped[vehicle_id] = point
        if jumped:
            await self._positions.suspect(jumped)
        return kept

    def _may_follow(self, point: Point, before: Latest) -> bool:
        if not self._plausibility.jumps(point, before.place):
            return True
        suspect = before.suspect
        return suspect is not None and point.recorded_at > suspect.at and not self._plausibility.jumps(point, suspect)

    async def _write(self, reports: Sequence[Report], kept: Sequence[int], recorded: Recorded, now: datetime) -> None:
        written = [(reports[number][0], _point(reports[number])) for number in kept]
        known, moved = await self._positions.write(written, now)
        for place, number in enumerate(kept):
            if place not in known:
                recorded.outcomes[number] = "accepted"
        # In the order of time, so that the newest of each vehicle stays.
        newest = {(reporter.vehicle_id, point.recorded_at): point for reporter, point in written}
        recorded.moved = [(one, newest[one.vehicle_id, one.recorded_at]) for one in moved]


def _point(report: Report) -> Point:
    point = report[1]
    assert isinstance(point, Point), "what is no point was sorted out before"
    return point


def _key(report: Report) -> tuple[UUID, datetime]:
    return report[0].vehicle_id, _point(report).recorded_at


def _jump(point: Point) -> Refusal:
    said = "no vehicle gets here from its place before in that time; the next point that is near here is taken"
    return Refusal("teleport", said, point.sample())
