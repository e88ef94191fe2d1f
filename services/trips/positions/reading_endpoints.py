"""/v1/positions, /v1/vehicles/{vehicle_id}/positions: where vehicles are and were, and what was dropped."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse

from services.trips import position_deps
from services.trips.auth import ReadableOrganization, TripsAdmin
from services.trips.days import Day, Moment
from services.trips.positions.repository import Box
from services.trips.positions.schemas import LatestPositionOut, PositionDayDroppedOut, PositionDropOut, PositionOut
from services.trips.vehicles.errors import VehicleNotFound
from services.trips.vehicles.repository import VehicleReader
from services.trips.vehicles.service import vehicle_of
from shared.runtime.errors import Invalid
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1", tags=["positions"])

_BOX: Final = r"^-?\d{1,3}(\.\d{1,12})?(,-?\d{1,3}(\.\d{1,12})?){3}$"
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_LATEST: Final[dict[int | str, dict[str, Any]]] = {200: {"model": list[LatestPositionOut]}}


class BoxImpossible(Invalid):
    code, title = "box_impossible", "The box is no part of the map"


@may_answer(BoxImpossible)
async def meant_box(
    box: Annotated[str | None, Query(pattern=_BOX, description="`west,south,east,north` in degrees.")] = None,
) -> Box | None:
    """The part of the map that is asked for. Raises BoxImpossible."""
    if box is None:
        return None
    west, south, east, north = (float(part) for part in box.split(","))
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BoxImpossible("box must be `west,south,east,north`, within 180 and 90 degrees and not across the 180th meridian")
    return Box(west, south, east, north)


@router.get(
    "/positions/latest",
    name="latest",
    summary="Show where vehicles are",
    response_class=StreamingResponse,
    responses=_LATEST | problems(BoxImpossible),
)
async def list_latest(
    organization_id: ReadableOrganization,
    request: Request,
    db: ReadDb,
    box: Annotated[Box | None, Depends(meant_box)],
    vehicle_id: Annotated[Sequence[UUID] | None, Query(max_length=500, description="Only of these.")] = None,
) -> StreamingResponse:
    """The last position of each vehicle that has reported within 30 days, in no order and on no pages: it is meant for a map."""
    reader = position_deps.position_reader(db, runtime_of(request).clock)
    found = await reader.latest(organization_id, vehicle_ids=vehicle_id, box=box)
    # Never put together as one text of megabytes: fresh memory for each of those takes longer than all else.
    headers = {"Content-Length": str(sum(map(len, found)) + max(len(found) - 1, 0) + len("[]"))}
    return StreamingResponse(_array(found), media_type="application/json", headers=headers)


@router.get("/positions/drops", name="drops", summary="List what was dropped")
async def list_drops(
    organization_id: ReadableOrganization,
    db: ReadDb,
    request: Request,
    paging: Paging,
    vehicle_id: Annotated[UUID | None, Query(description="Only of this vehicle.")] = None,
    since: Annotated[Day | None, Query(description="Only of that day (UTC) and later ones.")] = None,
) -> Page[PositionDropOut]:
    """By vehicle, day and reason: how many, and the newest of them. The newest day first; kept for 30 days."""
    reader = position_deps.position_reader(db, runtime_of(request).clock)
    after = _last_drop(paging.after) if paging.after else None
    rows = await reader.drops(organization_id, vehicle_id=vehicle_id, since=since, after=after, limit=paging.fetch)
    return paging.page(rows, PositionDropOut, key=lambda row: (row.day.isoformat(), row.vehicle_id, row.reason))


@router.get("/positions/days-dropped", name="days_dropped", summary="List days whose positions are gone")
async def list_days_dropped(_: TripsAdmin, db: ReadDb) -> list[PositionDayDroppedOut]:
    """The ledger of the hourly clean-up, the newest 100 first. A day goes once its last position is older than 30 days."""
    return [PositionDayDroppedOut.model_validate(row) for row in await position_deps.days_ledger(db)]


@router.get(
    "/vehicles/{vehicle_id:uuid}/positions",
    name="of_vehicle",
    summary="List where a vehicle was",
    responses=problems(VehicleNotFound),
)
async def list_positions(
    vehicle_id: Annotated[UUID, Path(description="The vehicle's id.")],
    organization_id: ReadableOrganization,
    db: ReadDb,
    request: Request,
    paging: Paging,
    since: Annotated[Moment | None, Query(description="From then on.")] = None,
    until: Annotated[Moment | None, Query(description="Until then.")] = None,
) -> Page[PositionOut]:
    """In the order of their times, by the devices' clocks, back to 30 days ago to the second."""
    await vehicle_of(VehicleReader(db), vehicle_id, organization_id)
    reader = position_deps.position_reader(db, runtime_of(request).clock)
    after = datetime.fromisoformat(str(paging.after[0])) if paging.after else None
    rows = await reader.track(vehicle_id, since or _EVER, until or _NEVER, after=after, limit=paging.fetch)
    return paging.page(rows, PositionOut, key=lambda row: (row.recorded_at.isoformat(),))


async def _array(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    opening = b"["
    for part in parts:
        yield opening + part
        opening = b","
    yield b"]" if parts else b"[]"


def _last_drop(after: Sequence[Any]) -> tuple[date, UUID, str]:
    day, vehicle_id, reason = after
    assert isinstance(vehicle_id, UUID), "cursors are signed, so this list has made it"
    return date.fromisoformat(str(day)), vehicle_id, str(reason)
