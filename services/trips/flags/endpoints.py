"""/v1/trip-flags: what needs somebody. /v1/trip-limits, /v1/watch-settings: from when on it does."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.trips import deps
from services.trips.auth import OneOrganization, ReadableOrganization, TripsWrite, WritableOrganization
from services.trips.flags.errors import LimitNotFound
from services.trips.flags.repository import FlagReader
from services.trips.flags.schemas import FlagOut, LimitIn, LimitOut, WatchSettingsIn, WatchSettingsOut
from services.trips.flags.service import watch_settings_of
from services.trips.paging import after_id
from services.trips.texts import Name
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/trip-flags", tags=["flags"])
limits = APIRouter(prefix="/v1/trip-limits", tags=["limits"])
watch_settings = APIRouter(prefix="/v1/watch-settings", tags=["watch settings"])


@router.get("", name="list", summary="List flags of trips")
async def list_flags(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    kind: Annotated[Name | None, Query(description="Only those of this kind.")] = None,
    trip_id: Annotated[UUID | None, Query(description="Only those of this trip.")] = None,
    cleared: Annotated[bool, Query(description="Those that are cleared, too.")] = False,
) -> Page[FlagOut]:
    """The newest first; those that are open."""
    rows = await FlagReader(db).newest(
        organization_id, kind=kind, trip_id=trip_id, cleared=cleared, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, FlagOut, key=lambda row: (row.id,))


@limits.get("", name="list", summary="List limits of trips")
async def list_limits(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[LimitOut]:
    """The oldest first. A trip that none is for may take six hours."""
    rows = await FlagReader(db).limits(organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, LimitOut, key=lambda row: (row.id,))


@limits.put("", summary="Set a limit of trips")
async def put_limit(
    body: LimitIn, request: Request, principal: TripsWrite, organization_id: WritableOrganization, db: WriteDb
) -> LimitOut:
    """For a customer and a type, a customer, a type, or all: the most special one counts. It replaces the one for the same."""
    written = deps.trip_limits(db, runtime_of(request).clock, by=deps.actor(principal))
    return LimitOut.model_validate(await written.put(organization_id, body))


@limits.delete("/{limit_id:uuid}", status_code=204, summary="Delete a limit of trips", responses=problems(LimitNotFound))
async def remove_limit(
    limit_id: Annotated[UUID, Path(description="The limit's id.")], request: Request, principal: TripsWrite, db: WriteDb
) -> None:
    """The next special one counts from then on."""
    written = deps.trip_limits(db, runtime_of(request).clock, by=deps.actor(principal))
    await written.remove(limit_id, principal.organization_id)


@watch_settings.get("", summary="Read the settings of the watch")
async def get_watch_settings(organization_id: OneOrganization, db: ReadDb) -> WatchSettingsOut:
    """Those that hold; the defaults where nobody has written any."""
    return await watch_settings_of(FlagReader(db), organization_id)


@watch_settings.put("", summary="Write the settings of the watch")
async def put_watch_settings(
    body: WatchSettingsIn, request: Request, principal: TripsWrite, organization_id: WritableOrganization, db: WriteDb
) -> WatchSettingsOut:
    """What is left out is as it is by default. They count from the next run on, which is within five minutes."""
    written = deps.trip_limits(db, runtime_of(request).clock, by=deps.actor(principal))
    return WatchSettingsOut.model_validate(await written.settle(organization_id, body))
