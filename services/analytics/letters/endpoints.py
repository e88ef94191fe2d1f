"""/v1/monitoring/dead-letters: what nobody could carry out, in all services, and what becomes of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request

from services.analytics import control_deps as deps
from services.analytics.auth import AnalyticsOverseer
from services.analytics.letters.schemas import DiscardMany, LetterGroupsOut, LetterSettled, ReplayMany, SettledEverywhere
from services.analytics.letters.service import Letters
from services.analytics.owners.errors import NotKnown, OwnerAway, OwnerRefused
from shared.runtime.http.idempotency import IdempotentByLease, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.operations.auth import Caller
from shared.runtime.operations.dead_letters.schemas import Edit, Note

router = APIRouter(prefix="/dead-letters", tags=["monitoring"], route_class=IdempotentRoute)

Service = Annotated[str, Path(max_length=30, description="Whose letter it is.", examples=["notifications"])]
LetterId = Annotated[UUID, Path(description="The letter's id.")]
REFUSALS = problems(NotKnown, OwnerRefused, OwnerAway)


async def _desk(caller: AnalyticsOverseer, request: Request) -> Letters:
    return deps.letters(runtime_of(request), caller.id)


Desk = Annotated[Letters, Depends(_desk)]


@router.get("", name="list_dead_letters", summary="Group the dead letters of all services")
async def list_dead_letters(caller: Caller, request: Request) -> LetterGroupsOut:
    """By service and cause, the one that killed last first; the newest 200 of each service. Letters themselves are at
    `/v1/operations/dead-letters?fingerprint=…` of their service."""
    return await deps.letters(runtime_of(request), caller.id).groups()


@router.post("/replay", name="replay_dead_letters", summary="Replay many dead letters", responses=problems(OwnerAway))
async def replay_dead_letters(
    _caller: AnalyticsOverseer, body: ReplayMany, desk: Desk, _: IdempotentByLease
) -> SettledEverywhere:
    """By filter, the oldest first, at a rate in each service. Ask with dry_run first."""
    return await desk.replay_many(body)


@router.post("/discard", name="discard_dead_letters", summary="Discard many dead letters", responses=problems(OwnerAway))
async def discard_dead_letters(
    _caller: AnalyticsOverseer, body: DiscardMany, desk: Desk, _: IdempotentByLease
) -> SettledEverywhere:
    """By filter. Ask with dry_run first."""
    return await desk.discard_many(body)


@router.post("/{service}/{letter_id:uuid}/replay", name="replay_dead_letter", summary="Replay a dead letter", responses=REFUSALS)
async def replay_dead_letter(
    _caller: AnalyticsOverseer, service: Service, letter_id: LetterId, body: Note, desk: Desk
) -> LetterSettled:
    """Under its own message id. A second time is refused by its owner, so it needs no Idempotency-Key."""
    return await desk.replay(service, letter_id, body.note)


@router.post(
    "/{service}/{letter_id:uuid}/replay-edited", name="replay_dead_letter_edited", summary="Mend a letter", responses=REFUSALS
)
async def replay_dead_letter_edited(
    _caller: AnalyticsOverseer, service: Service, letter_id: LetterId, body: Edit, desk: Desk
) -> LetterSettled:
    """A mended copy under a new message id; its owner validates it. A second time is refused."""
    return await desk.replay_edited(service, letter_id, body)


@router.post("/{service}/{letter_id:uuid}/discard", name="discard_dead_letter", summary="Discard a letter", responses=REFUSALS)
async def discard_dead_letter(
    _caller: AnalyticsOverseer, service: Service, letter_id: LetterId, body: Note, desk: Desk
) -> LetterSettled:
    """It is closed and kept with the note. A second time is refused."""
    return await desk.discard(service, letter_id, body.note)
