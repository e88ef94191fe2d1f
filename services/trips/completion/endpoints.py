"""/v1/trips/{trip_id}/completion and /mileage: what follows from a completed trip."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.trips import deps
from services.trips.auth import ReadableOrganization, TripsWrite
from services.trips.completion.completion_view import shown
from services.trips.completion.errors import CompletionNotFound, InvoiceSettled, NotYetDriven
from services.trips.completion.repository import CompletionReader
from services.trips.completion.schemas import CompletionOut, MileageIn, WaiveIn
from services.trips.trips.endpoints import TripId
from services.trips.trips.errors import TripNotFound
from shared.runtime.http.dependencies import made
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/trips/{trip_id:uuid}", tags=["completion"])


class Desk:
    """Acts on one completion for a request."""

    def __init__(self, request: Request, principal: TripsWrite, db: WriteDb) -> None:
        self.organization_id = principal.organization_id
        self.by = deps.actor(principal)
        self.now = runtime_of(request).clock()
        self.completion = deps.trip_completion(db)
        self.mileage = deps.mileage_recording(db)
        self.reader = CompletionReader(db)


AtDesk = Annotated[Desk, Depends(made(Desk))]


@router.get("/completion", summary="Read a trip's completion", responses=problems(CompletionNotFound))
async def get(trip_id: TripId, organization_id: ReadableOrganization, db: ReadDb) -> CompletionOut:
    """The facts that it is billed by, and each step with what became of it."""
    return await shown(CompletionReader(db), trip_id, organization_id)


@router.put("/mileage", status_code=204, summary="Record a trip's mileage", responses=problems(TripNotFound, NotYetDriven))
async def record(trip_id: TripId, body: MileageIn, desk: AtDesk) -> None:
    """By the odometer or as somebody says. The odometer wins, then what is said with a note, then positions, then what is said
    without one. A completed trip is corrected: payments is told of the facts anew, which changes no invoice that is issued."""
    said = body.model_dump(exclude_none=True)
    whose = trip_id, desk.organization_id
    await desk.mileage.record(*whose, body.source, body.metres, said, by=desk.by, at=desk.now)


@router.post(
    "/completion/waive-invoice",
    summary="Wait for no invoice any more",
    responses=problems(CompletionNotFound, InvoiceSettled),
)
async def waive_invoice(trip_id: TripId, body: WaiveIn, desk: AtDesk) -> CompletionOut:
    """Where payments will not issue it. The completion ends as `failed`, with the reason. Repeated it is refused."""
    await desk.completion.waive_invoice(trip_id, desk.organization_id, body.reason, desk.now)
    return await shown(desk.reader, trip_id, desk.organization_id)
