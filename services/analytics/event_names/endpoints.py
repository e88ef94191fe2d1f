"""/v1/event-names: which kinds of events are known."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.analytics import event_deps
from services.analytics.auth import AnalyticsOverseer, AnalyticsRead
from services.analytics.event_names.errors import NameReserved
from services.analytics.event_names.schemas import EventNameIn, EventNameOut
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/event-names", tags=["event names"])

Name = Annotated[
    str,
    Path(max_length=100, pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", examples=["shop.brochure_requested"]),
]


@router.get("", name="list", summary="List the known kinds of events")
async def list_names(_: AnalyticsRead, db: ReadDb) -> list[EventNameOut]:
    """The services' own, those that are known from the start, and those that were registered."""
    return await event_deps.event_names(db).all()


@router.put("/{name}", name="put", summary="Register a kind of event", responses=problems(NameReserved))
async def put_name(name: Name, body: EventNameIn, principal: AnalyticsOverseer, request: Request, db: WriteDb) -> EventNameOut:
    """Events of this name are taken from now on; what was put aside for its sake can be redriven. Another unit or dimension holds
    for what is counted from now on, and for the rest once it is rebuilt."""
    return await event_deps.registering(db, runtime_of(request).clock, by=principal.id).put(name, body)
