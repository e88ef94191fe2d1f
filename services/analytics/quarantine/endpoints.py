"""/v1/quarantined-events: what was not taken, and trying it again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.analytics import event_deps
from services.analytics.auth import AnalyticsWrite, ReadableOrganization
from services.analytics.events.event_models import Reason
from services.analytics.quarantine.errors import QuarantinedEventNotFound, StillRefused
from services.analytics.quarantine.repository import QuarantineReader
from services.analytics.quarantine.schemas import DiscardIn, QuarantinedEventOut, RedriveMany, Redriven, RedriveOne
from services.analytics.quarantine.service import Quarantine
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/quarantined-events", tags=["quarantined events"])

Key = Annotated[UUID, Path(description="Of what was put aside, and not of the event.")]


@router.get("", name="list", summary="List events that were put aside")
async def list_held(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    reason: Annotated[Reason | None, Query(description="Only for this reason.")] = None,
    event_name: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]+$", description="Only of this name.")] = None,
) -> Page[QuarantinedEventOut]:
    """Those that still wait, the oldest first. They are kept for 30 days after they came last."""
    after = paging.after[0] if paging.after else None
    assert after is None or isinstance(after, UUID), "cursors are signed, so this list has made it"
    rows = await QuarantineReader(db).held(organization_id, reason=reason, name=event_name, after=after, limit=paging.fetch)
    return paging.page(rows, QuarantinedEventOut, key=lambda row: (row.id,))


def _desk(request: Request, principal: AnalyticsWrite, db: WriteDb) -> Quarantine:
    return event_deps.quarantine(db, runtime_of(request).clock, by=principal.id)


@router.post("/redrive", name="redrive_many", summary="Try many again")
async def redrive_many(body: RedriveMany, principal: AnalyticsWrite, request: Request, db: WriteDb) -> Redriven:
    """Those of these ids, or the oldest of a reason or name; 1000 at once. Repeated it does no harm."""
    return await _desk(request, principal, db).redrive_many(body, principal.organization_id)


@router.post(
    "/{key:uuid}/redrive",
    name="redrive",
    summary="Try one again",
    responses=problems(QuarantinedEventNotFound, StillRefused),
)
async def redrive(key: Key, body: RedriveOne, principal: AnalyticsWrite, request: Request, db: WriteDb) -> QuarantinedEventOut:
    """As it came, or as it was meant. What is refused again is held on."""
    desk = _desk(request, principal, db)
    row = await desk.redrive(key, principal.organization_id, body.event, accept_late=body.accept_late)
    return QuarantinedEventOut.model_validate(row)


@router.post("/{key:uuid}/discard", name="discard", summary="Give one up", responses=problems(QuarantinedEventNotFound))
async def discard(key: Key, body: DiscardIn, principal: AnalyticsWrite, request: Request, db: WriteDb) -> QuarantinedEventOut:
    """It waits no more, and is shown no more."""
    return QuarantinedEventOut.model_validate(
        await _desk(request, principal, db).discard(key, principal.organization_id, body.note)
    )
